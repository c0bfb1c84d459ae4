"""The faces of each frame: the known ones again, and new ones."""

from __future__ import annotations

from collections.abc import Sequence

from .faces import Box
from .near import Near, follow, patch, unchanged
from .pyramid import Pyramid
from .search import Search
from .tracks import Sighting, Track

SAME = 0.3  # intersection over union from which two boxes are of one face
TOUCHING = 0.1  # from which one face may hide another
LOOK = 0.2  # seconds; a face that does not move is looked at no more often
AT_ONCE = 2  # suspicions that are looked into in one frame, in which the search rests
TRIES = 3  # looks at a suspicion, in frames that follow each other


class FaceFinder:
    """Looks again near every known face, and spreads the search for others over the frames.

    A face that has not moved is not looked at in every frame; one that the cascade misses is followed by what it looked
    like. It depends on nothing but the frames and their times.
    """

    def __init__(self, min_face: float) -> None:
        """`min_face`: see faces.FaceDetector, as are the errors."""
        self._near, self._search = Near(), Search(min_face)
        self._suspicions: list[tuple[Box, int]] = []

    def forget(self) -> None:
        """Begin anew: what comes next has nothing to do with what was before."""
        self._suspicions = []
        self._search.forget()

    def find(self, pyramid: Pyramid, tracks: Sequence[Track], time: float, ease: int = 1) -> list[Sighting]:
        """The faces of the frame at `time`, seconds: those of the tracks, and others. `ease`: see EngineOptions."""
        expected = [track.at(time) for track in tracks]
        found: list[Sighting] = []
        for number, track in enumerate(tracks):
            others = expected[:number] + expected[number + 1 :]
            hidden = any(expected[number].overlap(other) > TOUCHING for other in others)
            sighting = self._again(pyramid, track, expected[number], time, hidden=hidden)
            if sighting and not _among(sighting.box, found):
                found.append(sighting)
        if self._suspicions:
            self._look_into_some(pyramid, found)
        else:
            boxes = self._search.step(pyramid, [sighting.box for sighting in found], time, ease)
            self._suspicions = [(box, TRIES) for box in _distinct(boxes) if not _among(box, found)]
        return found

    def _look_into_some(self, pyramid: Pyramid, found: list[Sighting]) -> None:
        """Add the faces that are really there to those that were found; keep the others for another try."""
        now, self._suspicions = self._suspicions[:AT_ONCE], self._suspicions[AT_ONCE:]
        for box, tries in now:
            if _among(box, found):
                continue
            face = self._near.verify(pyramid, box, TRIES - tries)
            if face and not _among(face, found):
                found.append(Sighting(face, patch(pyramid, face)))
            elif tries > 1:
                self._suspicions.append((box, tries - 1))

    def _again(self, pyramid: Pyramid, track: Track, box: Box, time: float, *, hidden: bool) -> Sighting | None:
        """A known face that is expected at `box`; `hidden` when another may be before it."""
        last = track.patch
        settled = track.number and track.last_seen == track.last_found and time - track.looked < LOOK
        if settled and last is not None and unchanged(pyramid, track.seen, last):
            return Sighting(track.seen)
        look = self._near.look if track.number else self._near.verify
        face = look(pyramid, box, track.sightings)
        if face:
            return Sighting(face, patch(pyramid, face))
        gone = None if hidden or last is None else follow(pyramid, box, last)
        return Sighting(gone, sure=False) if gone else None


def _distinct(boxes: Sequence[Box]) -> list[Box]:
    """The boxes without those that overlap one before them."""
    apart: list[Box] = []
    for box in boxes:
        if all(box.overlap(other) <= SAME for other in apart):
            apart.append(box)
    return apart


def _among(box: Box, found: Sequence[Sighting]) -> bool:
    return any(box.overlap(sighting.box) > SAME for sighting in found)
