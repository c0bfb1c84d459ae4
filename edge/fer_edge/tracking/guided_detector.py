"""Detection in a video: tracked faces where they are expected, new ones by a scan that is spread over the frames."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from fer_edge.detection.base import Detection, Prediction
from fer_edge.detection.frame_scan import FrameScan
from fer_edge.detection.local_search import LocalSearch, cut_patch, is_unchanged, match_patch
from fer_edge.detection.pyramid import Pyramid
from fer_edge.geometry import Box

SAME_FACE_IOU = 0.3  # two boxes that overlap more are the same face
OCCLUSION_IOU = 0.1  # of two faces that overlap more, one may hide the other
CASCADE_INTERVAL = 0.2  # seconds; a confirmed face may go without the cascade for this long
MOVED_CORRELATION = 0.8  # minimum correlation with its patch at which a moved face still counts as verified
TURNED_CORRELATION = 0.6  # minimum at which a face that the cascade misses has turned away rather than left
CANDIDATES_PER_FRAME = 2
MAX_ATTEMPTS = 3  # to verify a candidate, in successive frames


class _Candidate(NamedTuple):
    """What the scan takes for a face, and the number of failed attempts to verify it."""

    box: Box
    attempts: int = 0


class GuidedDetector:
    """Detects the predicted faces of each frame, and new ones.

    The cascade does not run on every tracked face in every frame: on a face that has not moved it runs every
    CASCADE_INTERVAL, on a moving one in every other frame. In between, and while the cascade misses the face, template
    matching tracks it. The scan for new faces pauses while there are candidates to verify. Deterministic: depends
    only on frames and timestamps.
    """

    def __init__(self, min_face: float) -> None:
        """Create a detector for faces from `min_face` on, see `HaarDetector`, whose errors it raises."""
        self._local, self._scan = LocalSearch(), FrameScan(min_face)
        self._candidates: list[_Candidate] = []
        self._frames = 0

    def reset(self) -> None:
        """Begin again: the next frame is unrelated to the last one."""
        self._candidates = []
        self._scan.reset()

    def detect(
        self, pyramid: Pyramid, predictions: Sequence[Prediction], time: float, slowdown: int = 1
    ) -> list[Detection]:
        """Detect the faces of a frame.

        Args:
            pyramid: The frame.
            predictions: The tracked faces.
            time: Time of the frame, seconds.
            slowdown: See `PipelineOptions`.

        Returns:
            The tracked faces that were detected, in the order of `predictions`, then new ones.
        """
        self._frames += 1
        detections: list[Detection] = []
        for prediction in predictions:
            others = (other.expected for other in predictions if other is not prediction)
            occluded = any(prediction.expected.iou(other) > OCCLUSION_IOU for other in others)
            detection = self._redetect(pyramid, prediction, occluded=occluded)
            if detection and not _is_known(detection.box, detections):
                detections.append(detection)
        new = self._verify_candidates(pyramid, detections)
        if not self._candidates and not new:
            boxes = self._scan.step(pyramid, [detection.box for detection in detections], time, slowdown)
            self._candidates = [_Candidate(box) for box in _distinct(boxes) if not _is_known(box, detections)]
        return detections + new

    def _verify_candidates(self, pyramid: Pyramid, known: Sequence[Detection]) -> list[Detection]:
        """The candidates that are faces; those that are not are kept for another attempt."""
        candidates = self._candidates[:CANDIDATES_PER_FRAME]
        self._candidates = self._candidates[CANDIDATES_PER_FRAME:]
        new: list[Detection] = []
        for box, attempts in candidates:
            if _is_known(box, [*known, *new]):
                continue
            face = self._local.verify(pyramid, box, attempts)
            if face and not _is_known(face, [*known, *new]):
                new.append(Detection(face, cut_patch(pyramid, face)))
            elif attempts + 1 < MAX_ATTEMPTS:
                self._candidates.append(_Candidate(box, attempts + 1))
        return new

    def _redetect(self, pyramid: Pyramid, prediction: Prediction, *, occluded: bool) -> Detection | None:
        """A tracked face; `occluded` if another one may hide it."""
        return (
            _without_cascade(pyramid, prediction, occluded=occluded)
            or self._by_cascade(pyramid, prediction)
            or _by_template(pyramid, prediction, occluded=occluded)
        )

    def _by_cascade(self, pyramid: Pyramid, prediction: Prediction) -> Detection | None:
        box = prediction.expected
        if not prediction.confirmed:
            face = self._local.verify(pyramid, box, prediction.verifications)
            return Detection(face, cut_patch(pyramid, face)) if face else None
        thorough = prediction.verified or self._frames % 2 == 0
        face = self._local.redetect(pyramid, box, prediction.verifications, thorough=thorough)
        if not face:
            return None
        # The cascade is exact about the position of a face, but about its size to a fifth only, and a box of another
        # size gives another crop.
        face = face.scaled((face.w + box.w) / (2 * face.w))
        return Detection(face, cut_patch(pyramid, face))


def _without_cascade(pyramid: Pyramid, prediction: Prediction, *, occluded: bool) -> Detection | None:
    """A face that is verified without the cascade: it has not moved, or the cascade detected it one frame ago."""
    if prediction.patch is None or not prediction.confirmed or not prediction.verified:
        return None
    if prediction.patch_age >= CASCADE_INTERVAL:
        return None
    if is_unchanged(pyramid, prediction.last, prediction.patch):
        return Detection(prediction.last)
    if occluded or not prediction.patch_is_latest:
        return None
    box = match_patch(pyramid, prediction.expected, prediction.patch, MOVED_CORRELATION)
    return Detection(box) if box else None


def _by_template(pyramid: Pyramid, prediction: Prediction, *, occluded: bool) -> Detection | None:
    """A face that the cascade misses, where its patch matches."""
    if occluded or prediction.patch is None:
        return None
    box = match_patch(pyramid, prediction.expected, prediction.patch, TURNED_CORRELATION)
    return Detection(box, verified=False) if box else None


def _distinct(boxes: Iterable[Box]) -> list[Box]:
    """The boxes without those that overlap an earlier one."""
    distinct: list[Box] = []
    for box in boxes:
        if all(box.iou(other) <= SAME_FACE_IOU for other in distinct):
            distinct.append(box)
    return distinct


def _is_known(box: Box, detections: Iterable[Detection]) -> bool:
    return any(box.iou(detection.box) > SAME_FACE_IOU for detection in detections)
