"""Detection in a video: tracked faces where they are expected, new ones by a scan that is spread over the frames."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from fer_edge.detection.base import Detection, Detectors, Prediction
from fer_edge.detection.cascade_search import CascadeSearch
from fer_edge.detection.checked_search import CheckedSearch
from fer_edge.detection.face_search import Effort, FaceSearch
from fer_edge.detection.frame_scan import FrameScan
from fer_edge.detection.network_search import NetworkSearch
from fer_edge.detection.patch import MOVED_CORRELATION, is_unchanged, match_patch
from fer_edge.detection.pyramid import Pyramid
from fer_edge.detection.scan import Scan
from fer_edge.detection.tile_scan import TileScan
from fer_edge.geometry import Box
from fer_edge.tracking.tracker import TrackRules
from fer_edge.zones import Zone, is_ignored

SAME_FACE_IOU = 0.3  # two boxes that overlap more are the same face
CONTAINED_PART = 0.8  # of a detected face; a candidate that holds so much of it is that face with its surroundings
OCCLUSION_IOU = 0.1  # of two faces that overlap more, one may hide the other
SEARCH_INTERVAL = 0.2  # seconds that a confirmed face may go without a search
# Seconds from one check of a face by the network to the next. At 5 frames a second these become 0.6 and 0.4, and what
# is denied twice still ends within a second.
CHECK_INTERVAL = 0.58
RECHECK_INTERVAL = 0.3  # the same once the network has denied the face, or while it is turned away
CANDIDATES_PER_FRAME = 2
MAX_CHECKS = 4  # by the network in a frame, of candidates and tracked faces; with so many, it is not scanned
FIRST_SCANS = 2  # in the first frame, where most faces are still unknown
# While a face is tracked: with the cascade alone, one frame in this many is not scanned; with the network, it takes at
# least so many frames and seconds from one scan to the next.
SKIPPED_FRAMES = 3
SCAN_FRAMES, SCAN_INTERVAL = 2, 0.09
MEAN_SCAN_INTERVAL = 0.24  # seconds, as measured beside a face; a slowdown multiplies it
CASCADE_SCAN_INTERVAL = 4.0  # seconds from one scan of the cascade to the next beside a face; the network finds more


class _Candidate(NamedTuple):
    """What a scan takes for a face, and how often it was not confirmed."""

    box: Box
    attempts: int = 0


@dataclass(eq=False)
class _Turn:
    """A scan that takes turns with others.

    Attributes:
        scan: The scan.
        interval: Seconds from one turn to the next at least, while faces are known.
        taken_at: Time of the last turn, seconds.
    """

    scan: Scan
    interval: float = 0.0
    taken_at: float = -math.inf


class GuidedDetector:
    """Detects the predicted faces of each frame, and new ones.

    A tracked face is not searched for in every frame: one that has not moved is searched for at an interval, a moving
    one in every other frame. In between, template matching tracks it. With the face network, the faces that are due
    are checked, at most four in a frame. The scans for new faces take turns, and pause while there are candidates to
    verify, and in frames in which a tracked face is checked or a new one classified. Deterministic: depends only on
    frames and timestamps.
    """

    def __init__(self, min_face: float, detectors: Detectors | None = None, zones: Sequence[Zone] = ()) -> None:
        """Create a detector for faces from `min_face` on that are not in an ignored zone.

        Raises the errors of `HaarDetector`.
        """
        detectors, self._zones = detectors or Detectors(), zones
        self._search, self._turns = _plan(min_face, detectors, zones)
        self._with_network = detectors.network is not None
        self._max_checks = MAX_CHECKS if self._with_network else sys.maxsize
        self._candidates: list[_Candidate] = []
        self._frames = self._scan_frames = 0
        self._last_scan = 0, -math.inf  # its turn and its time, seconds
        self._first = True

    def reset(self) -> None:
        """Begin again: the next frame is unrelated to the last one."""
        self._candidates, self._first, self._last_scan = [], True, (0, -math.inf)
        for turn in self._turns:
            turn.scan.reset()
            turn.taken_at = -math.inf

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
            The tracked faces that were detected or denied, in the order of `predictions`, then new ones.
        """
        self._frames += 1
        detections: list[Detection] = []
        faces: list[Box] = []  # those of them that are certain
        checked = self._choose_checks(predictions, slowdown)
        for index, prediction in enumerate(predictions):
            detection = self._redetect(
                pyramid, prediction, self._effort(prediction, predictions, check=index in checked)
            )
            if not detection or _is_known(detection.box, detections) or self._ignores(detection.box, pyramid):
                continue
            detections.append(detection)
            if prediction.settled and detection.verified:
                faces.append(detection.box)
        new = self._verify_candidates(pyramid, detections, self._max_checks - len(checked))
        costly = self._with_network and any(_is_costly(predictions[index]) for index in checked)
        free = len(checked) < self._max_checks and not costly
        if free and not self._candidates and not new:
            self._scan(pyramid, detections, faces, time, slowdown)
        return detections + new

    def _choose_checks(self, predictions: Sequence[Prediction], slowdown: int) -> set[int]:
        """The indices of the faces to check in this frame: of those that are due, the ones that have waited longest."""
        due = [index for index, prediction in enumerate(predictions) if _is_due(prediction, slowdown)]
        due.sort(key=lambda index: -predictions[index].check_age)
        return set(due[: self._max_checks])

    def _effort(self, prediction: Prediction, predictions: Sequence[Prediction], *, check: bool) -> Effort:
        others = (other.expected for other in predictions if other is not prediction)
        return Effort(
            thorough=prediction.verified or self._frames % 2 == 0,
            check=check,
            occluded=any(prediction.expected.iou(other) > OCCLUSION_IOU for other in others),
        )

    def _scan(
        self, pyramid: Pyramid, known: Sequence[Detection], faces: Sequence[Box], time: float, slowdown: int
    ) -> None:
        """Take the candidates of the scan whose turn it is, except what is `known` or contains one of `faces`."""
        self._scan_frames += 1
        turn, waiting = divmod(self._scan_frames, slowdown)
        if waiting or (known and self._pauses(turn, time, slowdown)):
            return
        boxes = [detection.box for detection in known]
        found = [scan.step(pyramid, boxes, time) for scan in self._take_scans(time, known=bool(known))]
        if any(candidates is not None for candidates in found):
            self._last_scan = turn, time
        self._candidates = [
            _Candidate(box)
            for candidates in found
            for box in _distinct(candidates or ())
            if not _is_known(box, known) and not self._ignores(box, pyramid)
            if not (self._with_network and _contains_any(box, faces))
        ]

    def _pauses(self, turn: int, time: float, slowdown: int) -> bool:
        """Whether the frame is not scanned, to save time beside a known face."""
        if not self._with_network:
            return turn % SKIPPED_FRAMES == 0
        last_turn, last_time = self._last_scan
        interval = SCAN_INTERVAL if slowdown == 1 else MEAN_SCAN_INTERVAL * slowdown
        return 0 <= turn - last_turn < SCAN_FRAMES or 0 <= time - last_time < interval

    def _ignores(self, box: Box, pyramid: Pyramid) -> bool:
        return is_ignored(self._zones, box, (pyramid.width, pyramid.height))

    def _take_scans(self, time: float, *, known: bool) -> list[Scan]:
        """The scan whose turn it is, which becomes the last; at first FIRST_SCANS. `known` if any faces are known."""
        count, self._first = FIRST_SCANS if self._first else 1, False
        due = [turn for turn in self._turns if not known or not 0 <= time - turn.taken_at < turn.interval][:count]
        for turn in due:
            turn.taken_at = time
            self._turns.remove(turn)
            self._turns.append(turn)
        return [turn.scan for turn in due]

    def _verify_candidates(self, pyramid: Pyramid, known: Sequence[Detection], checks: int) -> list[Detection]:
        """The candidates that are faces, of as many as may be checked; some that are not get another attempt."""
        count = min(CANDIDATES_PER_FRAME, checks)
        candidates, self._candidates = self._candidates[:count], self._candidates[count:]
        new: list[Detection] = []
        for box, attempts in candidates:
            if _is_known(box, [*known, *new]):
                continue
            face = self._search.verify(pyramid, box, attempts)
            if face and self._ignores(face.box, pyramid):
                continue
            if face and not _is_known(face.box, [*known, *new]):
                new.append(face)
            elif attempts + 1 < self._search.max_attempts:
                self._candidates.append(_Candidate(box, attempts + 1))
        return new

    def _redetect(self, pyramid: Pyramid, prediction: Prediction, effort: Effort) -> Detection | None:
        if not prediction.settled and not effort.check:
            return None
        found = None if effort.check else _without_search(pyramid, prediction, occluded=effort.occluded)
        return found or self._search.redetect(pyramid, prediction, effort=effort)


def _is_due(prediction: Prediction, slowdown: int) -> bool:
    """Whether a face needs a check: a new one does in every frame."""
    soon = prediction.denied or prediction.turned_away
    interval = RECHECK_INTERVAL if soon else CHECK_INTERVAL * slowdown
    return not prediction.settled or prediction.check_age >= interval


def _is_costly(prediction: Prediction) -> bool:
    """Whether a check leaves no time for a scan: of a tracked face, or the one after which a new face is classified."""
    return prediction.settled or prediction.verifications + 1 == TrackRules.min_verifications


def _plan(min_face: float, detectors: Detectors, zones: Sequence[Zone]) -> tuple[FaceSearch, list[_Turn]]:
    """The search that verifies candidates and tracks faces, and the scans for new ones in the order of their turns."""
    if not detectors.network:
        return CascadeSearch(), [_Turn(FrameScan(min_face, zones=zones))]
    network = NetworkSearch(detectors.network)
    tiles = TileScan(detectors.network, min_face, zones=zones)
    if not detectors.cascade:
        return network, [_Turn(tiles)]
    cascade = _Turn(FrameScan(min_face, zones=zones), CASCADE_SCAN_INTERVAL)
    return CheckedSearch(network), [_Turn(tiles), cascade, _Turn(tiles)]


def _without_search(pyramid: Pyramid, prediction: Prediction, *, occluded: bool) -> Detection | None:
    """A face that is verified without a search: it has not moved, or a search detected it one frame ago."""
    if prediction.patch is None or not (prediction.settled and prediction.verified):
        return None
    if prediction.patch_age >= SEARCH_INTERVAL:
        return None
    if is_unchanged(pyramid, prediction.last, prediction.patch):
        return Detection(prediction.last)
    if occluded or not prediction.patch_is_latest:
        return None
    box = match_patch(pyramid, prediction.expected, prediction.patch, MOVED_CORRELATION)
    return Detection(box) if box else None


def _distinct(boxes: Iterable[Box]) -> list[Box]:
    """The boxes without those that overlap an earlier one."""
    distinct: list[Box] = []
    for box in boxes:
        if all(box.iou(other) <= SAME_FACE_IOU for other in distinct):
            distinct.append(box)
    return distinct


def _is_known(box: Box, detections: Iterable[Detection]) -> bool:
    return any(box.iou(detection.box) > SAME_FACE_IOU for detection in detections)


def _contains_any(box: Box, faces: Iterable[Box]) -> bool:
    return any(box.intersection(face) >= CONTAINED_PART * face.area for face in faces)
