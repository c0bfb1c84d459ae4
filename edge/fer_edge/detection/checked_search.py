"""Tracking a face with the Haar cascade, confirmed and checked by the face network."""

from __future__ import annotations

from fer_edge.detection.base import Detection, Prediction
from fer_edge.detection.cascade_search import CascadeSearch
from fer_edge.detection.face_search import Effort
from fer_edge.detection.local_search import FAST_CORRECTED, LocalSearch
from fer_edge.detection.network_search import NetworkSearch
from fer_edge.detection.patch import MOVED_CORRELATION, match_patch
from fer_edge.detection.pyramid import Pyramid
from fer_edge.geometry import Box

MAX_CASCADE_ANGLE = 20.0  # degrees; a head that is tilted more is missed by the cascade


class CheckedSearch:
    """A `FaceSearch` in which the cascade, which is three times faster, tracks the faces that the network confirms.

    The network decides about every new face, about a tracked one when a check is due, and when the cascade misses it.
    Between the checks a face that is turned away, which the cascade would miss, is tracked by template matching.
    """

    max_attempts = NetworkSearch.max_attempts

    def __init__(self, network: NetworkSearch) -> None:
        """Raises RuntimeError if this OpenCV comes without the cascade."""
        self._cascade, self._network = CascadeSearch(LocalSearch(FAST_CORRECTED)), network

    def verify(self, pyramid: Pyramid, box: Box, attempt: int) -> Detection | None:
        """See FaceSearch."""
        return self._network.verify(pyramid, box, attempt)

    def redetect(self, pyramid: Pyramid, prediction: Prediction, *, effort: Effort) -> Detection | None:
        """See FaceSearch."""
        face = None
        if prediction.settled and not effort.check:
            if prediction.turned_away:
                face = _match_appearance(pyramid, prediction, occluded=effort.occluded)
            elif abs(prediction.angle) <= MAX_CASCADE_ANGLE:
                face = self._cascade.track(pyramid, prediction, thorough=False)
        return face or self._network.redetect(pyramid, prediction, effort=effort)


def _match_appearance(pyramid: Pyramid, prediction: Prediction, *, occluded: bool) -> Detection | None:
    """A face that looks as it did when it was last detected by a search."""
    if occluded or prediction.patch is None or not prediction.verified:
        return None
    box = match_patch(pyramid, prediction.expected, prediction.patch, MOVED_CORRELATION)
    return Detection(box) if box else None
