"""What counts as the same model."""

from __future__ import annotations

import numpy as np
import pytest

from fer_convert.export.agreement import Agreement, DisagreementError

SCORES = np.array([[0.7, 0.3], [0.2, 0.8], [0.501, 0.499], [0.9, 0.1]], np.float32)


def test_rounding_is_accepted_and_the_classes_that_it_changes_are_counted() -> None:
    shifted = SCORES + np.array([-0.02, 0.02], np.float32)
    agreement = Agreement.between(SCORES, shifted)
    agreement.check(quantized=True)
    assert str(agreement) == "same class for 75.0%, probabilities differ by up to 0.02"
    with pytest.raises(DisagreementError, match=r"differ by up to 0\.02; at most 0\.001 is accepted"):
        agreement.check(quantized=False)


@pytest.mark.parametrize("quantized", [True, False])
@pytest.mark.parametrize("wrong", [SCORES[:, ::-1], np.full_like(SCORES, np.nan), np.zeros_like(SCORES)])
def test_other_probabilities_are_refused(wrong: np.ndarray, quantized: bool) -> None:
    with pytest.raises(DisagreementError):
        Agreement.between(SCORES, wrong).check(quantized)
