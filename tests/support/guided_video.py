"""A guided detector and a tracker, fed with frames."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from fer_edge.detection.base import Detection, Detectors, Prediction
from fer_edge.detection.pyramid import Pyramid
from fer_edge.tracking.guided_detector import GuidedDetector
from fer_edge.tracking.tracker import Change, Tracker

CERTAIN = np.array([1.0, 0.0], np.float32)
FPS = 30.0


class Video:
    """A detector that is guided by a tracker, with a slowdown, and what it detected in each frame."""

    def __init__(self, detectors: Detectors | None = None, fps: float = FPS, slowdown: int = 1) -> None:
        self.tracker = Tracker()
        self.detections: list[list[Detection]] = []
        self._detector = GuidedDetector(0.08, detectors)
        self._fps, self.slowdown = fps, slowdown

    @property
    def time(self) -> float:
        """Of the next frame, seconds."""
        return len(self.detections) / self._fps

    def play(self, pictures: Iterable[NDArray[np.uint8]]) -> list[Change]:
        """Append frames; the changes that they brought."""
        changes = []
        for picture in pictures:
            time = self.time

            def detect(
                predictions: Sequence[Prediction], picture: NDArray[np.uint8] = picture, time: float = time
            ) -> list[Detection]:
                self.detections.append(self._detector.detect(Pyramid(picture), predictions, time, self.slowdown))
                return self.detections[-1]

            changes += self.tracker.step(time, (640, 480), detect, lambda requests: [CERTAIN for _ in requests])
        return changes
