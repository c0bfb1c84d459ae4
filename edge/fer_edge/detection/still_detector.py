"""Detection in a picture that stands alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from fer_edge.detection.base import MAX_YAW, Detection, Detectors
from fer_edge.detection.contrast import ContrastStretch
from fer_edge.detection.face_network import FaceNetwork
from fer_edge.detection.haar import HaarDetector
from fer_edge.detection.network_search import SQUARES, NetworkSearch
from fer_edge.detection.pyramid import Pyramid
from fer_edge.detection.tile_scan import search_tile, tiles
from fer_edge.geometry import Box
from fer_edge.zones import Zone, is_ignored

MIN_SCORE = 0.6  # mean of the checks of a face, 0..1
SAME_FACE_IOU = 0.3  # two boxes that overlap more are the same face


class StillDetector:
    """Detects the faces of a picture, all at once, except those that are turned away: they cannot be classified."""

    def __init__(self, min_face: float, detectors: Detectors | None = None, zones: Sequence[Zone] = ()) -> None:
        """Create a detector for faces from `min_face` on that are not in an ignored zone.

        Raises the errors of `HaarDetector`.
        """
        detectors, self._zones = detectors or Detectors(), zones
        self._min_face, self._network = min_face, detectors.network
        self._haar = HaarDetector(min_face) if detectors.cascade else None

    def detect(self, grey: NDArray[np.uint8], contrast: ContrastStretch | None = None) -> list[Detection]:
        """Detect the faces in a picture.

        Args:
            grey: The picture, uint8 [H,W].
            contrast: Measures the picture and stretches it, see `Detectors.contrast_stretch`; for its crops, too.

        Returns:
            The faces, the largest first.
        """
        pyramid = Pyramid(grey)
        if contrast:
            pyramid = contrast.stretch(pyramid, 0.0)
        boxes = self._haar.detect(pyramid.level(0)) if self._haar else []
        if self._network:
            return self._verify(pyramid, boxes, self._network)
        return [Detection(box) for box in boxes if not self._ignores(box, pyramid)]

    def _ignores(self, box: Box, pyramid: Pyramid) -> bool:
        return is_ignored(self._zones, box, (pyramid.width, pyramid.height))

    def _verify(self, pyramid: Pyramid, boxes: list[Box], network: FaceNetwork) -> list[Detection]:
        """The faces among these boxes and in all tiles, each checked with several squares."""
        search = NetworkSearch(network)
        for tile in tiles(pyramid.width, pyramid.height, self._min_face):
            boxes += search_tile(network, pyramid, tile, self._min_face)
        faces: list[Detection] = []
        for box in boxes:
            if self._ignores(box, pyramid) or any(box.iou(face.box) > SAME_FACE_IOU for face in faces):
                continue
            face = _checked(search, pyramid, box)
            if not face or self._ignores(face.box, pyramid):
                continue
            if all(face.box.iou(other.box) <= SAME_FACE_IOU for other in faces):
                faces.append(face)
        return sorted(faces, key=lambda face: (-face.box.area, face.box))


def _checked(search: NetworkSearch, pyramid: Pyramid, box: Box) -> Detection | None:
    """The face at a box, if the mean score of all checks is high enough and the face is not turned away."""
    checks: list[Detection] = []
    for attempt in range(len(SQUARES)):
        face = search.verify(pyramid, checks[-1].box if checks else box, attempt)
        if not face:
            return None
        checks.append(face)
    mean = _mean(checks)
    return mean if (mean.score or 0.0) >= MIN_SCORE and abs(mean.yaw) <= MAX_YAW else None


def _mean(checks: Sequence[Detection]) -> Detection:
    """The mean of several checks of a face, which is more exact than each of them."""
    angles = np.radians([check.angle or 0.0 for check in checks])
    return Detection(
        Box(*(round(float(side)) for side in np.mean([check.box for check in checks], axis=0))),
        angle=float(np.degrees(np.arctan2(np.sin(angles).mean(), np.cos(angles).mean()))),
        yaw=float(np.mean([check.yaw for check in checks])),
        score=float(np.mean([check.score or 0.0 for check in checks])),
    )
