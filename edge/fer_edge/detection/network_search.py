"""Confirming and tracking a face with the face network."""

from __future__ import annotations

from fer_edge.detection.base import Detection, Prediction
from fer_edge.detection.face_network import FaceNetwork, NetworkFace
from fer_edge.detection.face_search import Effort
from fer_edge.detection.patch import cut_patch
from fer_edge.detection.pyramid import Pyramid
from fer_edge.geometry import Box

# Widths of the searched square, in widths of the face. Repeated checks take turns: what is no face seldom gets a high
# score in all of them.
SQUARES = (3.0, 2.5, 3.5)
# The same of the largest squares, in longer sides of the picture, since faces are missed in a wide black border.
LARGEST_SQUARES = (1.0, 0.9, 1.1)
MIN_SCORE = 0.2  # 0..1; less counts as no face at all
VERIFY_SCORE = 0.5  # of a face that may be new, 0..1
TRACK_SCORE = 0.4  # of a face that is tracked, 0..1; below it the network denies the face
MIN_IOU = 0.2  # with the expected box


class NetworkSearch:
    """A `FaceSearch` that runs the face network on a square around the face."""

    max_attempts = 2

    def __init__(self, network: FaceNetwork) -> None:
        self._network = network

    def verify(self, pyramid: Pyramid, box: Box, attempt: int) -> Detection | None:
        """See FaceSearch."""
        face = self._best(pyramid, box, attempt)
        return _detection(pyramid, face, face.box) if face and face.score >= VERIFY_SCORE else None

    def redetect(self, pyramid: Pyramid, prediction: Prediction, *, effort: Effort) -> Detection | None:
        """See FaceSearch. What the network denies is a detection with its score that is not verified."""
        expected = prediction.expected
        if not prediction.settled:
            return self.verify(pyramid, expected, prediction.verifications)
        if not effort.thorough:
            return None
        face = self._best(pyramid, expected, prediction.verifications)
        if face and face.score >= TRACK_SCORE:
            return _detection(pyramid, face, face.box.scaled((face.box.w + expected.w) / (2 * face.box.w)))
        return None if effort.occluded else Detection(expected, verified=False, score=face.score if face else 0.0)

    def _best(self, pyramid: Pyramid, box: Box, attempt: int) -> NetworkFace | None:
        """The face at `box`: of those that overlap it enough, the most certain."""
        turn, longer_side = attempt % len(SQUARES), max(pyramid.width, pyramid.height)
        side = min(SQUARES[turn] * box.w, LARGEST_SQUARES[turn] * longer_side)
        faces = self._network.detect(pyramid, box.scaled(side / box.w), MIN_SCORE)
        return next((face for face in faces if face.box.iou(box) >= MIN_IOU), None)


def _detection(pyramid: Pyramid, face: NetworkFace, box: Box) -> Detection:
    return Detection(box, cut_patch(pyramid, box), angle=face.angle, yaw=face.yaw, score=face.score)
