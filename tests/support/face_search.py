"""Face networks that record or imitate detection, and a pattern that only the cascade takes for a face."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray
from tests.support.scenes import scene

from fer_edge.detection.base import Prediction
from fer_edge.detection.face_network import FaceNetwork, NetworkFace
from fer_edge.detection.face_search import Effort
from fer_edge.detection.pyramid import Pyramid
from fer_edge.geometry import Box

GHOST = Box(270, 190, 100, 100)  # where `ghost` draws its pattern
EFFORT = Effort(thorough=True, check=False, occluded=False)


class RecordingNetwork(FaceNetwork):
    """A face network that records the squares that it searches.

    Attributes:
        squares: Those searched so far, pixels of the picture.
    """

    def __init__(self, network: FaceNetwork) -> None:
        self._network = network
        self.squares: list[Box] = []

    def detect(self, pyramid: Pyramid, square: Box, min_score: float) -> list[NetworkFace]:
        self.squares.append(square)
        return self._network.detect(pyramid, square, min_score)


class FakeNetwork(FaceNetwork):
    """A face network that detects given faces in every square.

    Attributes:
        faces: Those that it detects from now on.
    """

    def __init__(self, faces: Sequence[NetworkFace] = ()) -> None:
        self.faces = faces

    def detect(self, pyramid: Pyramid, square: Box, min_score: float) -> list[NetworkFace]:
        return [face for face in self.faces if face.score >= min_score]


def predict(box: Box, **changes: object) -> Prediction:
    """The prediction of a settled face that does not move, with some attributes changed."""
    settled = Prediction(
        expected=box,
        last=box,
        settled=True,
        verified=True,
        verifications=3,
        patch=None,
        patch_age=0.0,
        patch_is_latest=True,
    )
    return settled._replace(**changes)


def ghost() -> NDArray[np.uint8]:
    """A scene with dark bars for brows, eyes and a mouth, which the cascade takes for a face in all its checks.

    The sizes of the bars were found by a random search.
    """
    picture = scene(background=196)
    x, y = GHOST.centre
    bars = [  # centre and half of the size, in widths of the face, and grey level
        ((0.0, 0.05), (0.42, 0.5), 200),
        ((-0.193, -0.052), (0.138, 0.089), 35),
        ((0.193, -0.052), (0.138, 0.089), 35),
        ((0.0, 0.241), (0.116, 0.033), 35),
        ((0.0, -0.45), (0.45, 0.063), 35),
    ]
    for (across, down), (w, h), grey in bars:
        left, right = (round(x + GHOST.w * (across + side * w)) for side in (-1, 1))
        top, bottom = (round(y + GHOST.h * (down + side * h)) for side in (-1, 1))
        picture[top : bottom + 1, left : right + 1] = grey
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), 1.0), np.uint8)


def texture() -> NDArray[np.uint8]:
    """A frame of 640x480 of random pixels."""
    return np.random.default_rng(0).integers(0, 256, (480, 640), np.uint8)
