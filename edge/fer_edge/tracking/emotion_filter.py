"""Smoothing of a face's probabilities, and when another emotion is reported."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

CHANGE_THRESHOLD = 0.2  # difference of a probability from its smoothed value while the expression changes


class EmotionFilter:
    """The emotion of one face over time.

    Attributes:
        probabilities: float32 [classes], smoothed; [0] before the first classification.
        classified_at: Time of the last classification, seconds.
        changing: Whether the expression changed at the last classification.
        emotion: Label index that is reported; -1 before `start`.
    """

    def __init__(self) -> None:
        self.probabilities: NDArray[np.float32] = np.zeros(0, np.float32)
        self.classified_at = -math.inf
        self.changing = False
        self.emotion = -1
        self._leading_since = math.inf

    @property
    def classified(self) -> bool:
        """Whether the face has been classified at least once."""
        return self.probabilities.size > 0

    def update(self, probabilities: NDArray[np.float32], time: float, smoothing: float) -> None:
        """Add a classification, by exponential smoothing.

        Args:
            probabilities: float32 [classes].
            time: Time of the frame, seconds.
            smoothing: Time constant, seconds.
        """
        if self.classified:
            difference = probabilities - self.probabilities
            self.changing = bool(np.abs(difference).max() > CHANGE_THRESHOLD)
            weight = 1 - math.exp(-(time - self.classified_at) / smoothing)
            self.probabilities = self.probabilities + np.float32(weight) * difference
        else:
            self.probabilities = probabilities
        self.classified_at = time

    @property
    def leading(self) -> int:
        """Label index of the most probable emotion."""
        return int(self.probabilities.argmax())

    def start(self) -> None:
        """Report the most probable emotion from now on."""
        self.emotion = self.leading

    def switch_and_return_previous(self, time: float, hold: float, min_score: float) -> int | None:
        """Report another emotion if it has been the most probable one for long enough.

        Args:
            time: Time of the frame, seconds.
            hold: How long the other emotion must lead, seconds.
            min_score: Probability that it must reach, 0..1.

        Returns:
            The label index reported until now, or None if nothing changed.
        """
        leading = self.leading
        if leading == self.emotion or self.probabilities[leading] < min_score:
            self._leading_since = math.inf
            return None
        self._leading_since = min(self._leading_since, time)
        if time - self._leading_since < hold:
            return None
        previous, self.emotion, self._leading_since = self.emotion, leading, math.inf
        return previous
