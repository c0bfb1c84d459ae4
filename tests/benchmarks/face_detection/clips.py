"""Frames of a clip, 640x480, with the noise of a sensor."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

WIDTH, HEIGHT = 640, 480
SHIFTS = (240, 320)  # pixels, down and across, by which the noise of a frame may be shifted


def with_noise(
    pictures: Iterable[NDArray[np.float32] | NDArray[np.uint8]], rng: np.random.Generator, sigma: float
) -> Iterator[NDArray[np.uint8]]:
    """The pictures, [480,640], with noise of the standard deviation `sigma`, grey levels.

    The noise of each frame is another part of one larger picture of noise, since drawing it anew takes longer than to
    search the frame.
    """
    noise = rng.normal(0, sigma, (HEIGHT + SHIFTS[0], WIDTH + SHIFTS[1])).astype(np.float32)
    for picture in pictures:
        y, x = (int(rng.integers(0, shift + 1)) for shift in SHIFTS)
        noisy = cv2.add(picture, noise[y : y + HEIGHT, x : x + WIDTH], dtype=cv2.CV_8U)  # rounds and saturates
        yield np.asarray(noisy, np.uint8)
