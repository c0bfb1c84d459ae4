"""The scores of float networks. Reading and converting both kinds of models is tested in test_command.py."""

from __future__ import annotations

import numpy as np
import pytest

from fer_convert.adopt.sources import as_probabilities


@pytest.mark.parametrize(
    ("scores", "expected"),
    [
        ([[0.2, 0.8]], [[0.2, 0.8]]),
        ([[0.9, 0.9]], [[0.9, 0.9]]),  # sigmoids
        ([[0.25]], [[0.75, 0.25]]),
        ([[0.0], [-np.log(3)]], [[0.5, 0.5], [0.75, 0.25]]),
        ([[0.0, np.log(3)]], [[0.25, 0.75]]),
        ([[1000.0, -1000.0]], [[1.0, 0.0]]),
    ],
)
def test_logits_and_probabilities_become_probabilities(scores: list[list[float]], expected: list[list[float]]) -> None:
    assert as_probabilities(np.array(scores, np.float32)) == pytest.approx(np.array(expected))
