"""What a detector is asked to find, and what it reports."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from fer_edge.detection.contrast import ContrastStretch
from fer_edge.detection.face_network import FaceNetwork
from fer_edge.detection.patch import Patch
from fer_edge.geometry import Box

MAX_YAW = 50.0  # degrees, of a face that is classified: beyond it one eye is nearly hidden


@dataclass(frozen=True)
class Detectors:
    """What detects faces: the Haar cascade, the face network, or both.

    Attributes:
        cascade: Whether the cascade proposes faces. Without a network it also confirms and tracks them.
        network: Decides what is a face and tracks it; None for the cascade alone.
    """

    cascade: bool = True
    network: FaceNetwork | None = None

    @property
    def name(self) -> str:
        """As in `--detector`: haar+network, haar or network."""
        return "+".join(["haar"] * self.cascade + ["network"] * (self.network is not None))

    def contrast_stretch(self) -> ContrastStretch | None:
        """What is to stretch the contrast of a picture or a video; None for the cascade alone."""
        return ContrastStretch() if self.network else None


class Prediction(NamedTuple):
    """A tracked face that is expected in a frame.

    Attributes:
        expected: Where it is if it kept its velocity, pixels.
        last: Where it was last detected, pixels.
        settled: Whether the track is known to be a face; before that it may well be a false detection.
        verified: Whether its last detection was verified, see `Detection`.
        verifications: Number of verified detections.
        patch: Its appearance when it was last searched for and detected, or None.
        patch_age: Seconds since the patch was taken.
        patch_is_latest: Whether the patch was taken at the last detection.
        angle: How far the head is tilted, degrees clockwise.
        check_age: Seconds since the face network was last asked about it; 0 without the network.
        denied: Whether the network denied it then.
        turned_away: Whether it has been reported and is now turned away too far to be classified, see MAX_YAW.
    """

    expected: Box
    last: Box
    settled: bool
    verified: bool
    verifications: int
    patch: Patch | None
    patch_age: float
    patch_is_latest: bool
    angle: float = 0.0
    check_age: float = 0.0
    denied: bool = False
    turned_away: bool = False


@dataclass(frozen=True, eq=False)
class Detection:
    """A face in one frame.

    Attributes:
        box: Where it is, pixels.
        patch: Its appearance, if it was searched for in this frame.
        verified: Whether it is known to be a face; False for one that only resembles its patch.
        angle: How far the head is tilted, degrees clockwise; None where only the box is known.
        yaw: How far the head is turned to the side, degrees, see `NetworkFace`; 0 where only the box is known.
        score: How certain the face network is, 0..1; None if it was not asked.
    """

    box: Box
    patch: Patch | None = None
    verified: bool = True
    angle: float | None = None
    yaw: float = 0.0
    score: float | None = None
