"""The faces of each frame: the known ones again, and new ones."""

from __future__ import annotations

from collections.abc import Sequence

from fer_edge.detection.frame_scan import FrameScan
from fer_edge.detection.local_search import LocalSearch, follow, patch, unchanged
from fer_edge.detection.pyramid import Pyramid
from fer_edge.geometry import Box
from fer_edge.tracking.track import Detection, Track

SAME = 0.3  # intersection over union from which two boxes are of one face
TOUCHING = 0.1  # from which one face may hide another
LOOK = 0.2  # seconds; a face that does not move is looked at no more often
TWIN = 0.8  # correlation with the frame before from which it is the same face, and still one
ALIKE = 0.6  # from which a face that the cascade no longer sees has turned away, but is not gone
AT_ONCE = 2  # suspicions that are looked into in one frame; the search rests while some are left, or a face is found
TRIES = 3  # looks at a suspicion, in frames that follow each other


class GuidedDetector:
    """Looks again near every known face, and spreads the search for others over the frames.

    A face that has not moved is not looked at in every frame, and one that moves in every other frame: in between it is
    followed by what it looked like, as is one that the cascade misses. It depends on nothing but the frames and their
    times.
    """

    def __init__(self, min_face: float) -> None:
        """`min_face`: see faces.HaarDetector, as are the errors."""
        self._near, self._search = LocalSearch(), FrameScan(min_face)
        self._suspicions: list[tuple[Box, int]] = []
        self._frames = 0

    def forget(self) -> None:
        """Begin anew: what comes next has nothing to do with what was before."""
        self._suspicions = []
        self._search.forget()

    def find(self, pyramid: Pyramid, tracks: Sequence[Track], time: float, slowdown: int = 1) -> list[Detection]:
        """The faces of the frame at `time`, seconds: the tracked ones and new ones. `slowdown`: see PipelineOptions."""
        self._frames += 1
        expected = [track.at(time) for track in tracks]
        found: list[Detection] = []
        for number, track in enumerate(tracks):
            others = expected[:number] + expected[number + 1 :]
            hidden = any(expected[number].iou(other) > TOUCHING for other in others)
            sighting = self._again(pyramid, track, expected[number], time, hidden=hidden)
            if sighting and not _among(sighting.box, found):
                found.append(sighting)
        known = len(found)
        self._look_into_some(pyramid, found)
        if not self._suspicions and len(found) == known:
            boxes = self._search.step(pyramid, [sighting.box for sighting in found], time, slowdown)
            self._suspicions = [(box, TRIES) for box in _distinct(boxes) if not _among(box, found)]
        return found

    def _look_into_some(self, pyramid: Pyramid, found: list[Detection]) -> None:
        """Add the faces that are really there to those that were found; keep the others for another try."""
        now, self._suspicions = self._suspicions[:AT_ONCE], self._suspicions[AT_ONCE:]
        for box, tries in now:
            if _among(box, found):
                continue
            face = self._near.verify(pyramid, box, TRIES - tries)
            if face and not _among(face, found):
                found.append(Detection(face, patch(pyramid, face)))
            elif tries > 1:
                self._suspicions.append((box, tries - 1))

    def _again(self, pyramid: Pyramid, track: Track, box: Box, time: float, *, hidden: bool) -> Detection | None:
        """A known face that is expected at `box`; `hidden` when another may be before it."""
        return (
            self._as_before(pyramid, track, box, time, hidden=hidden)
            or self._seen(pyramid, track, box)
            or self._followed(pyramid, track, box, hidden=hidden)
        )

    def _as_before(self, pyramid: Pyramid, track: Track, box: Box, time: float, *, hidden: bool) -> Detection | None:
        """A face that needs no look by the cascade: it has not moved, or it was looked at in the frame before."""
        if track.patch is None or not track.number or _doubted(track) or time - track.looked >= LOOK:
            return None
        if unchanged(pyramid, track.seen, track.patch):
            return Detection(track.seen)
        if hidden or track.looked < track.last_found:
            return None
        moved = follow(pyramid, box, track.patch, TWIN)
        return Detection(moved) if moved else None

    def _seen(self, pyramid: Pyramid, track: Track, box: Box) -> Detection | None:
        if not track.number:
            face = self._near.verify(pyramid, box, track.sightings)
            return Detection(face, patch(pyramid, face)) if face else None
        thorough = not _doubted(track) or self._frames % 2 == 0
        face = self._near.look(pyramid, box, track.sightings, thorough=thorough)
        if not face:
            return None
        # The cascade knows where a face is, but its size to a fifth only, and a box of another size is another crop.
        face = face.scaled((face.w + box.w) / (2 * face.w))
        return Detection(face, patch(pyramid, face))

    def _followed(self, pyramid: Pyramid, track: Track, box: Box, *, hidden: bool) -> Detection | None:
        if hidden or track.patch is None:
            return None
        gone = follow(pyramid, box, track.patch, ALIKE)
        return Detection(gone, sure=False) if gone else None


def _doubted(track: Track) -> bool:
    """Whether the cascade did not see it when it was last found."""
    return track.last_seen < track.last_found


def _distinct(boxes: Sequence[Box]) -> list[Box]:
    """The boxes without those that overlap one before them."""
    apart: list[Box] = []
    for box in boxes:
        if all(box.iou(other) <= SAME for other in apart):
            apart.append(box)
    return apart


def _among(box: Box, found: Sequence[Detection]) -> bool:
    return any(box.iou(sighting.box) > SAME for sighting in found)
