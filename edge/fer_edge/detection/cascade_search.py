"""Confirming and tracking a face with the Haar cascade."""

from __future__ import annotations

from fer_edge.detection.base import Detection, Prediction
from fer_edge.detection.face_search import Effort
from fer_edge.detection.local_search import LocalSearch
from fer_edge.detection.patch import cut_patch, match_patch
from fer_edge.detection.pyramid import Pyramid
from fer_edge.geometry import Box

TURNED_CORRELATION = 0.6  # minimum at which a face that the cascade misses has turned away rather than left


class CascadeSearch:
    """A `FaceSearch` that runs the cascade. While the cascade misses a face, template matching tracks it."""

    max_attempts = 3  # in successive frames, each with another scale of the picture

    def __init__(self, local: LocalSearch | None = None) -> None:
        """`local` searches around a face; None for the usual one.

        Raises RuntimeError if this OpenCV comes without the cascade.
        """
        self._local = local or LocalSearch()

    def verify(self, pyramid: Pyramid, box: Box, attempt: int) -> Detection | None:
        """See FaceSearch."""
        face = self._local.verify(pyramid, box, attempt)
        return Detection(face, cut_patch(pyramid, face)) if face else None

    def redetect(self, pyramid: Pyramid, prediction: Prediction, *, effort: Effort) -> Detection | None:
        """See FaceSearch."""
        box = prediction.expected
        if not prediction.settled:
            face = self.verify(pyramid, box, prediction.verifications)
        else:
            face = self.track(pyramid, prediction, thorough=effort.thorough)
        return face or _match_template(pyramid, prediction, occluded=effort.occluded)

    def track(self, pyramid: Pyramid, prediction: Prediction, *, thorough: bool) -> Detection | None:
        """A tracked face that the cascade detects; see LocalSearch.redetect for `thorough`."""
        box = prediction.expected
        face = self._local.redetect(pyramid, box, prediction.verifications, thorough=thorough)
        if not face:
            return None
        # The cascade is exact about the position of a face, but about its size to a fifth only, and a box of another
        # size gives another crop.
        face = face.scaled((face.w + box.w) / (2 * face.w))
        return Detection(face, cut_patch(pyramid, face))


def _match_template(pyramid: Pyramid, prediction: Prediction, *, occluded: bool) -> Detection | None:
    """A face that the cascade misses, where its patch matches."""
    if occluded or prediction.patch is None:
        return None
    box = match_patch(pyramid, prediction.expected, prediction.patch, TURNED_CORRELATION)
    return Detection(box, verified=False) if box else None
