"""How much accuracy quantization costs, and when that is refused."""

from __future__ import annotations

import contextlib

import numpy as np
import pytest

from fer_convert.quantize.loss import QuantizationLoss
from fer_edge.errors import FerError


def test_the_loss_has_accuracy_agreement_and_largest_difference() -> None:
    labels = np.array([0, 0, 1, 1])
    before = np.array([[0.9, 0.1], [0.6, 0.4], [0.2, 0.8], [0.3, 0.7]], np.float32)
    after = np.array([[0.8, 0.2], [0.4, 0.6], [0.2, 0.8], [0.55, 0.45]], np.float32)
    loss = QuantizationLoss.between(labels, before, after)
    assert (loss.float_accuracy, loss.int8_accuracy, loss.agreement) == (1, 0.5, 0.5)
    assert loss.largest_difference == pytest.approx(0.25)
    assert loss.drop == 50
    with pytest.raises(FerError, match=r"loses 50.00 points .* of 4 faces\); --max-drop allows 49.9"):
        loss.check(49.9)
    loss.check(50)


@pytest.mark.parametrize(
    ("faces", "wrong", "refused"), [(100, 1, True), (200, 1, False), (1000, 5, False), (1000, 6, True)]
)
def test_a_loss_at_the_limit_is_allowed(faces: int, wrong: int, refused: bool) -> None:
    loss = QuantizationLoss(faces, 0.7, 0.7 - wrong / faces, 0.9, 0.1)
    with pytest.raises(FerError) if refused else contextlib.nullcontext():
        loss.check(0.5)
