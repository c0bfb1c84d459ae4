"""Detects images that a working camera would not deliver, and darkness."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

SAMPLE_STEP = 16  # every 16th row and column is checked first, which is mostly enough
DARK_LEVEL = 24  # of 255: an image without any brighter pixel shows nothing
EDGE_SHARE = 0.05  # of the height, within which the filled part of a truncated JPEG begins


def find_defect(grey: NDArray[np.uint8]) -> str | None:
    """Describe what is wrong with an image, uint8 [H,W]: uniform, or only partly there. None when nothing is.

    The noise of a sensor never gives a single grey value. Where a JPEG was truncated, decoders leave one, or the same
    part of the image before, which does no harm.
    """
    if _is_uniform(grey):
        return "the image is uniformly grey"
    if _is_uniform(grey[grey.shape[0] * 2 // 3 :]) and _is_truncated(grey):
        return "only part of the image is there"
    return None


def is_dark(grey: NDArray[np.uint8]) -> bool:
    """Whether nothing can be recognised in an image, uint8 [H,W]: the lens is covered, or it is night."""
    return bool(grey[::SAMPLE_STEP, ::SAMPLE_STEP].max() < DARK_LEVEL)


def _is_uniform(grey: NDArray[np.uint8]) -> bool:
    return bool(np.ptp(grey[::SAMPLE_STEP, ::SAMPLE_STEP]) == 0 and np.ptp(grey) == 0)


def _is_truncated(grey: NDArray[np.uint8]) -> bool:
    """Whether the uniform area at the bottom begins abruptly, as where a JPEG was truncated.

    A dark or overexposed floor fades into what is above it, and a letterbox bar has another one at the top.
    """
    filled = (grey != grey[-1, 0]).mean(axis=1)  # share of each row
    last = int(np.flatnonzero(filled)[-1])
    return bool(filled[0] > 0 and filled[max(0, last - int(EDGE_SHARE * grey.shape[0]))] > 0.5)
