"""Tracking a face with the Haar cascade, confirmed and checked by the face network."""

from __future__ import annotations

from fer_edge.detection.base import Detection, Prediction
from fer_edge.detection.cascade_search import CascadeSearch
from fer_edge.detection.face_search import Effort
from fer_edge.detection.local_search import FAST_CORRECTED, LocalSearch
from fer_edge.detection.network_search import NetworkSearch
from fer_edge.detection.pyramid import Pyramid
from fer_edge.geometry import Box

MAX_CASCADE_ANGLE = 20.0  # degrees; a head that is tilted more is missed by the cascade


class CheckedSearch:
    """A `FaceSearch` in which the cascade, which is three times faster, tracks the faces that the network confirms.

    The network decides about every new face, about a tracked one when a check is due, and when the cascade misses it.
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
        upright = abs(prediction.angle) <= MAX_CASCADE_ANGLE
        if prediction.settled and upright and not effort.check:
            face = self._cascade.track(pyramid, prediction, thorough=False)
            if face:
                return face
        return self._network.redetect(pyramid, prediction, effort=effort)
