"""Pictures that a camera should not have given."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

PEPPER = 16  # every so many rows and columns are enough to see that a picture is not of one grey
DARK = 24  # of 255: below it nothing is seen
EDGE = 20  # a cut is sharp within this part of the height


def find_flaw(grey: NDArray[np.uint8]) -> str | None:
    """What is wrong with a picture, uint8 [H,W]: of one grey, or only half there; None when nothing is.

    No lens gives exactly one grey. What decoders leave where a JPEG was cut short is one grey, too, or the same part of
    the picture before, which does no harm.
    """
    if _one_grey(grey):
        return "its pictures are of one grey"
    if _one_grey(grey[grey.shape[0] * 2 // 3 :]) and _is_cut(grey):
        return "its pictures are only half there"
    return None


def is_dark(grey: NDArray[np.uint8]) -> bool:
    """Whether nothing can be seen in a picture, uint8 [H,W]: a covered lens, or the night."""
    return bool(grey[::PEPPER, ::PEPPER].max() < DARK)


def _one_grey(grey: NDArray[np.uint8]) -> bool:
    return bool(np.ptp(grey[::PEPPER, ::PEPPER]) == 0 and np.ptp(grey) == 0)


def _is_cut(grey: NDArray[np.uint8]) -> bool:
    """Whether the one grey at the bottom begins all at once, as where a JPEG was cut short.

    A dark or glaring floor fades into what is above it, and a bar of black has another one at the top.
    """
    filled = (grey != grey[-1, 0]).mean(axis=1)  # share of each row
    last = int(np.flatnonzero(filled)[-1])
    return bool(filled[0] > 0 and filled[max(0, last - grey.shape[0] // EDGE)] > 0.5)
