"""More contrast for pictures of dark scenes."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from fer_edge.detection.pyramid import Pyramid
from fer_edge.detection.scan import scaled_for_motion

DARK = 120.0  # grey level that the bright parts of a picture reach, or its contrast is stretched until they do
SHARES = (0.01, 0.99)  # of the pixels are darker than what counts as the dark and the bright parts
MAX_GAIN = 12.0
SMOOTHING = 0.5  # seconds, time constant when the scene becomes darker; slower than the noise of a sensor
BRIGHT_SMOOTHING = 0.1  # seconds, when it becomes brighter: with the stretch of a dark scene it would be overexposed
BRIGHT_INTERVAL = 0.2  # seconds from one measurement to the next while the scene is bright enough


class ContrastStretch:
    """Stretches the grey levels of dark frames, steadily from frame to frame.

    A frame whose bright parts reach DARK remains as it is, and the stretch sets in gradually below that, so nothing
    flickers at a threshold. Deterministic: depends only on frames and timestamps.
    """

    def __init__(self) -> None:
        self._levels: tuple[float, float] | None = None  # smoothed, of the dark and the bright parts
        self._time = 0.0
        self._table: NDArray[np.uint8] | None = None

    def reset(self) -> None:
        """Begin again: the next frame is unrelated to the last one."""
        self._levels = self._table = None

    def stretch(self, pyramid: Pyramid, time: float) -> Pyramid:
        """Measure the frame at `time`, seconds, if due, and stretch it; the same pyramid if it is bright enough.

        While the scene is bright, only some frames are measured: it becomes dark slowly, see SMOOTHING.
        """
        if self._levels is None or self._table is not None or not 0 <= time - self._time < BRIGHT_INTERVAL:
            self.update(scaled_for_motion(pyramid), time)
        return pyramid if self._table is None else Pyramid(self.apply(pyramid.level(0)))

    def update(self, picture: NDArray[np.uint8], time: float) -> None:
        """Measure a frame.

        Args:
            picture: The frame, or the frame scaled down, uint8 [H,W].
            time: Time of the frame, seconds.
        """
        counts = cv2.calcHist([picture], [0], None, [256], [0, 256]).ravel().cumsum(dtype=np.float64)
        dark, bright = np.searchsorted(counts, [share * picture.size for share in SHARES]).tolist()
        if self._levels is not None:
            smoothing = BRIGHT_SMOOTHING if bright > self._levels[1] else SMOOTHING
            weight = 1 - math.exp(-max(0.0, time - self._time) / smoothing)
            dark, bright = (
                last + weight * (new - last) for last, new in zip(self._levels, (dark, bright), strict=True)
            )
        self._levels, self._time = (dark, bright), time
        self._table = _stretching_table(dark, bright) if bright < DARK else None

    def apply(self, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """A picture of the measured frame, uint8 [H,W], stretched; the same array if it is bright enough."""
        return picture if self._table is None else np.asarray(cv2.LUT(picture, self._table), np.uint8)


def _stretching_table(dark: float, bright: float) -> NDArray[np.uint8]:
    """The new grey level of each, uint8 [256]: `bright` becomes DARK, and `dark` closer to 0 the darker it is."""
    # In front of a plain wall, a small face is not among the SHARES, and the full contrast of the wall would clip it.
    dark = min(dark, bright / 2)
    target = dark * bright / DARK
    gain = min((DARK - target) / max(bright - dark, 1e-3), MAX_GAIN)
    return (target + gain * (np.arange(256) - dark)).clip(0, 255).round().astype(np.uint8)
