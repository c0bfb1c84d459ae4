"""The face network: BlazeFace, short range (Bazarevsky et al., arXiv:1907.05047)."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from fer_edge.detection.pyramid import Pyramid
from fer_edge.geometry import Box

INPUT_SIDE = 128  # pixels
GRIDS = ((16, 2), (8, 6))  # cells in a row, and anchors in the middle of each cell
MERGE_IOU = 0.3  # boxes that overlap more belong to the same face
GREY_TO_INPUT = (np.arange(256) / 127.5 - 1).astype(np.float32)  # 0..255 to -1..1
# How a picture of FER-2013 is framed, in distances from the middle between the eyes to the mouth; a box of the Haar
# cascade is framed in the same way. Medians over faces of the data set.
WIDTH_BY_EYES_TO_MOUTH = 2.56
CENTRE_BELOW_EYES = 0.26
NOSE_HEIGHT = 0.55  # estimate: how far the tip of the nose is before the eyes, in distances between the eyes
# Rows of the key points; the ears follow. Left and right are those of the person.
RIGHT_EYE, LEFT_EYE, NOSE, MOUTH = range(4)

# float32 [1,INPUT_SIDE,INPUT_SIDE,1], -1..1, to the boxes and key points [896,16] and the logits of the scores [896]
RunNetwork = Callable[[NDArray[np.float32]], tuple[NDArray[np.float32], NDArray[np.float32]]]


class NetworkFace(NamedTuple):
    """A face that the network has detected.

    Attributes:
        box: The square of a FER-2013 picture, before it is turned by `angle`; pixels of the picture.
        angle: How far the head is tilted, degrees clockwise in the picture; 0 is upright.
        yaw: How far the head is turned to the side, estimated from eyes and nose, degrees: 0 is frontal, positive is
            towards the right side of the picture.
        score: How certain the network is, 0..1.
    """

    box: Box
    angle: float
    yaw: float
    score: float


class FaceNetwork:
    """Detects faces of any tilt in squares of a picture.

    It detects most faces that are at least an eighth as wide as the square, and nearly all that are a fifth as wide.
    """

    def __init__(self, run: RunNetwork) -> None:
        """`run` computes the network."""
        self._run, self._anchors = run, _anchors()

    def detect(self, pyramid: Pyramid, square: Box, min_score: float) -> list[NetworkFace]:
        """The faces in a part of a picture.

        Args:
            pyramid: The picture.
            square: The part, pixels; what lies outside the picture counts as black.
            min_score: Least score of a face, 0..1.

        Returns:
            The faces, the most certain first.
        """
        pixels = _cut_square(pyramid, square)
        if pixels is None:
            return []
        raw, logits = self._run(np.asarray(cv2.LUT(pixels, GREY_TO_INPUT), np.float32)[None, ..., None])
        candidates = np.flatnonzero(logits >= math.log(min_score / (1 - min_score)))
        if not candidates.size:
            return []
        candidates = candidates[np.argsort(-logits[candidates], kind="stable")]
        scores = 1 / (1 + np.exp(-logits[candidates].astype(np.float64)))
        # Rows of a box and six key points, each as x and y: its centre and its size, then the points.
        points = raw[candidates].reshape(-1, 8, 2).astype(np.float64)
        size = points[:, 1].copy()
        points += self._anchors[candidates, None]
        points[:, 0] -= size / 2
        points[:, 1] = points[:, 0] + size
        scale = square.w / INPUT_SIDE
        return [
            _describe(key_points * scale + (square.x, square.y), score) for key_points, score in _merge(points, scores)
        ]


def _anchors() -> NDArray[np.float64]:
    """The centre of each anchor, pixels of the input, [896,2]."""
    rows = [
        ((column + 0.5) * INPUT_SIDE / cells, (row + 0.5) * INPUT_SIDE / cells)
        for cells, count in GRIDS
        for row in range(cells)
        for column in range(cells)
        for _ in range(count)
    ]
    return np.array(rows)


def _cut_square(pyramid: Pyramid, square: Box) -> NDArray[np.uint8] | None:
    """A square of the picture, scaled to the input; None if it lies outside the picture."""
    scale = square.w / INPUT_SIDE
    window = pyramid.window(square, scale)
    if window is None:
        return None
    width, height = (max(1, round(side * window.shrink / scale)) for side in window.pixels.shape[::-1])
    left, top = max(0, round((window.x - square.x) / scale)), max(0, round((window.y - square.y) / scale))
    width, height = min(width, INPUT_SIDE - left), min(height, INPUT_SIDE - top)
    if width < 1 or height < 1:
        return None
    pixels = np.zeros((INPUT_SIDE, INPUT_SIDE), np.uint8)
    pixels[top : top + height, left : left + width] = cv2.resize(window.pixels, (width, height))
    return pixels


def _merge(points: NDArray[np.float64], scores: NDArray[np.float64]) -> Iterator[tuple[NDArray[np.float64], float]]:
    """The key points, [6,2], and the score of each face, from overlapping candidates, the most certain first.

    Each face is the mean of its candidates weighted by their scores, as in the paper, and has the highest score.
    """
    (left, top), (right, bottom) = points[:, 0].T, points[:, 1].T
    areas = (right - left) * (bottom - top)
    rest = np.arange(len(scores))
    while rest.size:
        first = rest[0]
        width = np.minimum(right[first], right[rest]) - np.maximum(left[first], left[rest])
        height = np.minimum(bottom[first], bottom[rest]) - np.maximum(top[first], top[rest])
        overlap = width.clip(0) * height.clip(0)
        same = overlap > MERGE_IOU * (areas[first] + areas[rest] - overlap)
        same[0] = True
        group = rest[same]
        mean = scores[group] @ points[group, 2:].reshape(group.size, -1) / scores[group].sum()
        yield mean.reshape(-1, 2), float(scores[first])
        rest = rest[~same]


def _describe(key_points: NDArray[np.float64], score: float) -> NetworkFace:
    """The face of key points, pixels of the picture, [6,2]."""
    eyes = (key_points[RIGHT_EYE] + key_points[LEFT_EYE]) / 2
    to_mouth = key_points[MOUTH] - eyes
    (x, y), side = eyes + CENTRE_BELOW_EYES * to_mouth, WIDTH_BY_EYES_TO_MOUTH * float(np.hypot(*to_mouth))
    across = key_points[LEFT_EYE] - key_points[RIGHT_EYE]
    eye_distance = max(float(np.hypot(*across)), 1e-9)
    nose = float((key_points[NOSE] - eyes) @ across) / eye_distance
    return NetworkFace(
        box=Box(round(x - side / 2), round(y - side / 2), max(1, round(side)), max(1, round(side))),
        angle=math.degrees(math.atan2(across[1], across[0])),
        yaw=math.degrees(math.atan2(nose / NOSE_HEIGHT, eye_distance)),
        score=score,
    )
