"""The face network: BlazeFace, short range (Bazarevsky et al., arXiv:1907.05047)."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from fer_edge.detection.pyramid import Pyramid
from fer_edge.geometry import Box

INPUT_SIDE = 128  # pixels
GRIDS = ((16, 2), (8, 6))  # cells in a row, and anchors in the middle of each cell
ROW_POINTS = 8  # of an anchor: the centre of the box, its size, and six key points
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
        self._run, self._origins = run, _origins()

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
        scale = square.w / INPUT_SIDE
        return [
            _describe((key_points * scale + (square.x, square.y)).tolist(), score)
            for key_points, score in _merge(raw[candidates] + self._origins[candidates], scores)
        ]


def _origins() -> NDArray[np.float64]:
    """What is added to the row of each anchor, [896,16]: its centre, pixels of the input; nothing to the size."""
    centres = [
        ((column + 0.5) * INPUT_SIDE / cells, (row + 0.5) * INPUT_SIDE / cells)
        for cells, count in GRIDS
        for row in range(cells)
        for column in range(cells)
        for _ in range(count)
    ]
    origins = np.tile(np.array(centres), ROW_POINTS)
    origins[:, 2:4] = 0
    return origins


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


def _merge(rows: NDArray[np.float64], scores: NDArray[np.float64]) -> Iterator[tuple[NDArray[np.float64], float]]:
    """The key points, [6,2], and the score of each face, from overlapping candidates, the most certain first.

    Each face is the mean of its candidates weighted by their scores, as in the paper, and has the highest score.

    Args:
        rows: Box and six key points of each candidate, each as x and y: its centre and its size, then the points.
        scores: Of each candidate, 0..1.
    """
    boxes = rows[:, :4].tolist()
    rest = list(range(len(boxes)))
    while rest:
        first, others = rest[0], rest[1:]
        group, rest = [first], []
        for index in others:
            (group if _is_same(boxes[first], boxes[index]) else rest).append(index)
        weights = scores[group]
        yield (weights @ rows[group, 4:] / weights.sum()).reshape(-1, 2), float(scores[first])


def _is_same(box: Sequence[float], other: Sequence[float]) -> bool:
    """Whether two boxes, each the x and y of its centre, its width and its height, belong to the same face."""
    x, y, w, h = box
    other_x, other_y, other_w, other_h = other
    width = min(w, other_w, (w + other_w) / 2 - abs(x - other_x))
    height = min(h, other_h, (h + other_h) / 2 - abs(y - other_y))
    if width <= 0 or height <= 0:
        return False
    overlap = width * height
    return overlap > MERGE_IOU * (w * h + other_w * other_h - overlap)


def _describe(key_points: Sequence[tuple[float, float]], score: float) -> NetworkFace:
    """The face of its six key points, pixels of the picture."""
    (right_x, right_y), (left_x, left_y) = key_points[RIGHT_EYE], key_points[LEFT_EYE]
    (nose_x, nose_y), (mouth_x, mouth_y) = key_points[NOSE], key_points[MOUTH]
    eyes_x, eyes_y = (right_x + left_x) / 2, (right_y + left_y) / 2
    x, y = eyes_x + CENTRE_BELOW_EYES * (mouth_x - eyes_x), eyes_y + CENTRE_BELOW_EYES * (mouth_y - eyes_y)
    side = WIDTH_BY_EYES_TO_MOUTH * math.hypot(mouth_x - eyes_x, mouth_y - eyes_y)
    across_x, across_y = left_x - right_x, left_y - right_y
    eye_distance = max(math.hypot(across_x, across_y), 1e-9)
    nose = ((nose_x - eyes_x) * across_x + (nose_y - eyes_y) * across_y) / eye_distance
    return NetworkFace(
        box=Box(round(x - side / 2), round(y - side / 2), max(1, round(side)), max(1, round(side))),
        angle=math.degrees(math.atan2(across_y, across_x)),
        yaw=math.degrees(math.atan2(nose / NOSE_HEIGHT, eye_distance)),
        score=score,
    )
