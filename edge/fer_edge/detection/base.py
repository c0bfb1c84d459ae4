"""What a detector is asked to find, and what it reports."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fer_edge.geometry import Box

Patch = NDArray[np.uint8]  # appearance of a face: grey, [PATCH_SIZE,PATCH_SIZE], see local_search


class Prediction(NamedTuple):
    """A tracked face that is expected in a frame.

    Attributes:
        expected: Where it is if it kept its velocity, pixels.
        last: Where it was last detected, pixels.
        confirmed: Whether the track is confirmed; before that it may still be a false detection.
        verified: Whether its last detection was verified, see `Detection`.
        verifications: Number of verified detections.
        patch: Its appearance when the cascade last detected it, or None.
        patch_age: Seconds since the patch was taken.
        patch_is_latest: Whether the patch was taken at the last detection.
    """

    expected: Box
    last: Box
    confirmed: bool
    verified: bool
    verifications: int
    patch: Patch | None
    patch_age: float
    patch_is_latest: bool


@dataclass(frozen=True, eq=False)
class Detection:
    """A face in one frame.

    Attributes:
        box: Where it is, pixels.
        patch: Its appearance, if the cascade detected it in this frame.
        verified: Whether it is known to be a face; False for one that only resembles its patch.
    """

    box: Box
    patch: Patch | None = None
    verified: bool = True
