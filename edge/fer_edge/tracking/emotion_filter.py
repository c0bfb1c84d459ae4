"""Smoothing of a face's probabilities, and when an emotion is reported."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

CHANGE_THRESHOLD = 0.2  # difference of a probability from its smoothed value while the expression changes
HYSTERESIS = 0.05  # by which the reported emotion may fall below its minimum score

MinScore = Callable[[int], float]  # the probability, 0..1, that the emotion with this label index must reach


class EmotionFilter:
    """The emotion of one face over time.

    Attributes:
        probabilities: float32 [classes], smoothed; [0] before the first classification.
        classified_at: Time of the last classification, seconds.
        changing: Whether the expression changed at the last classification.
        mirrored: Whether the next classification is that of the mirror image.
        emotion: Label index that is reported; None while no emotion is certain enough, and before `start`.
    """

    def __init__(self) -> None:
        self.probabilities: NDArray[np.float32] = np.zeros(0, np.float32)
        self.classified_at = -math.inf
        self.changing = self.mirrored = False
        self.emotion: int | None = None
        self._latest: NDArray[np.float32] = np.zeros(0, np.float32)
        self._changed_at = math.inf

    @property
    def classified(self) -> bool:
        """Whether the face has been classified at least once."""
        return self.probabilities.size > 0

    def update(self, probabilities: NDArray[np.float32], time: float, smoothing: float) -> None:
        """Add a classification, by exponential smoothing.

        The face and its mirror image take turns. They differ steadily, so the mean of the last two shows whether the
        expression changes.

        Args:
            probabilities: float32 [classes].
            time: Time of the frame, seconds.
            smoothing: Time constant, seconds.
        """
        if self.classified:
            mean = (probabilities + self._latest) / 2
            self.changing = bool(np.abs(mean - self.probabilities).max() > CHANGE_THRESHOLD)
            weight = 1 - math.exp(-(time - self.classified_at) / smoothing)
            self.probabilities = self.probabilities + np.float32(weight) * (probabilities - self.probabilities)
            self.mirrored = not self.mirrored
        else:
            self.probabilities = probabilities
        self._latest, self.classified_at = probabilities, time

    @property
    def leading(self) -> int:
        """Label index of the most probable emotion."""
        return int(self.probabilities.argmax())

    def start(self, min_score: MinScore) -> None:
        """Report the most probable emotion from now on, or none if it is not certain enough."""
        self.emotion = self._certain_emotion(min_score)

    def switch(self, time: float, hold: float, min_score: MinScore) -> bool:
        """Report another emotion, or none, once the reported one has not been the answer for long enough.

        Args:
            time: Time of the frame, seconds.
            hold: How long another answer must last, seconds.
            min_score: What an emotion must reach; the reported one may fall below it by HYSTERESIS.

        Returns:
            Whether what is reported has changed.
        """
        emotion = self._certain_emotion(min_score)
        if emotion == self.emotion:
            self._changed_at = math.inf
            return False
        self._changed_at = min(self._changed_at, time)
        if time - self._changed_at < hold:
            return False
        self.emotion, self._changed_at = emotion, math.inf
        return True

    def _certain_emotion(self, min_score: MinScore) -> int | None:
        leading = self.leading
        tolerance = HYSTERESIS if leading == self.emotion else 0.0
        return leading if self.probabilities[leading] >= min_score(leading) - tolerance else None
