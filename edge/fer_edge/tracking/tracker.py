"""Who is who from frame to frame, and when an emotion has really changed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fer_edge.events import EventType
from fer_edge.tracking.track import Detection, Track

CLEARLY_LARGER = 1.5  # times the area; two faces side by side take turns at being the larger one by a pixel


@dataclass(frozen=True)
class TrackRules:
    """When a face is believed, how its probabilities are smoothed, when it counts as gone.

    confirm: sightings before a face counts, since a detection that lasts one frame is no face. doubt: seconds that may
    lie between them. lost: seconds unseen after which a face is gone. left: the same for one on its way out of the
    picture. smoothing: time constant of the probabilities, seconds. hold: seconds that another emotion must lead before
    it is reported. min_score: what its probability must reach for that. overlap: least intersection over union of the
    same face in two frames.
    """

    confirm: int = 3
    doubt: float = 0.35
    lost: float = 1.0
    left: float = 0.1
    smoothing: float = 0.4
    hold: float = 0.3
    min_score: float = 0.0
    overlap: float = 0.25


@dataclass(frozen=True)
class Change:
    """What became of a track: `previous` is the label index before an update, else None."""

    type: EventType
    track: Track
    previous: int | None = None


class Tracker:
    """Follows faces by where they are and were going; depends on nothing but what it is shown and when.

    A frame is taken in by three calls: see(), feel() for the faces that were classified in it, and judge().

    dominant: the face that counts most: the largest, kept until it goes or another is clearly larger.
    """

    def __init__(self, rules: TrackRules | None = None) -> None:
        self.rules = rules or TrackRules()
        self._confirmed = 0
        self.tracks: list[Track] = []
        self.dominant: Track | None = None

    @property
    def faces(self) -> list[Track]:
        """The confirmed tracks, the largest first."""
        confirmed = [track for track in self.tracks if track.number]
        return sorted(confirmed, key=lambda track: (-track.box.area, track.number))

    def forget(self, time: float, frame: tuple[int, int]) -> list[Change]:
        """End the tracks that nobody has seen for long, or that have gone out of a frame of this width and height."""
        return self._end([track for track in self.tracks if self._gone(track, time, frame)])

    def see(self, sightings: Sequence[Detection], time: float) -> None:
        """Take in all faces of the frame at `time`, seconds."""
        unseen = list(self.tracks)
        for known, sighting in self._matched(sightings, time):
            if known:
                unseen.remove(known)
                known.see(sighting, time)
            elif sighting.sure:
                box = sighting.box
                looked = -math.inf if sighting.patch is None else time
                self.tracks.append(Track(box, time, time, box, time, sighting.patch, looked))
        for track in unseen:
            track.box = track.at(time)
        self.tracks = [track for track in self.tracks if track.number or time - track.last_seen <= self.rules.doubt]

    def feel(self, track: Track, probabilities: NDArray[np.float32], time: float) -> None:
        """Take in what the classifier says of a face, float32 [classes], in the frame at `time`."""
        track.feel(probabilities, time, self.rules.smoothing)

    def judge(self, time: float) -> list[Change]:
        """Tell which faces have come since the last call, and whose emotion has changed."""
        changes = [change for track in self.tracks if (change := self._judge(track, time))]
        self._settle_dominant()
        return changes

    def show_still(self) -> list[Change]:
        """Believe every face of a scene of its own at once, and end it: there is no second frame to confirm it."""
        return [self._start(track) for track in self.tracks] + self.finish()

    def finish(self) -> list[Change]:
        """End every track."""
        self.dominant = None
        return self._end(list(self.tracks))

    def _gone(self, track: Track, time: float, frame: tuple[int, int]) -> bool:
        (x, y), (width, height) = track.at(time).centre, frame
        inside = 0 <= x < width and 0 <= y < height
        return time - track.last_seen > (self.rules.lost if inside else self.rules.left)

    def _settle_dominant(self) -> None:
        faces = self.faces
        if not faces:
            self.dominant = None
        elif self.dominant not in faces or faces[0].box.area > CLEARLY_LARGER * self.dominant.box.area:
            self.dominant = faces[0]

    def _matched(self, sightings: Sequence[Detection], time: float) -> list[tuple[Track | None, Detection]]:
        """Each sighting with the track that it continues, the best overlaps first; those that continue none last."""
        expected = [track.at(time) for track in self.tracks]
        overlaps = [
            (sighting.box.iou(box), -t, -s) for t, box in enumerate(expected) for s, sighting in enumerate(sightings)
        ]
        matched: dict[int, Track] = {}
        taken: set[int] = set()
        for overlap, t, s in sorted(overlaps, reverse=True):
            if overlap >= self.rules.overlap and -t not in taken and -s not in matched:
                matched[-s] = self.tracks[-t]
                taken.add(-t)
        known = [(track, sightings[s]) for s, track in matched.items()]
        return [*known, *((None, sighting) for s, sighting in enumerate(sightings) if s not in matched)]

    def _judge(self, track: Track, time: float) -> Change | None:
        if not track.probabilities.size:
            return None
        if not track.number:
            return self._start(track) if track.sightings >= self.rules.confirm else None
        leading = int(track.probabilities.argmax())
        if leading == track.emotion or track.probabilities[leading] < self.rules.min_score:
            track.leading_since = math.inf
            return None
        track.leading_since = min(track.leading_since, time)
        if time - track.leading_since < self.rules.hold:
            return None
        previous, track.emotion, track.leading_since = track.emotion, leading, math.inf
        return Change("update", track, previous)

    def _start(self, track: Track) -> Change:
        self._confirmed += 1
        track.number = self._confirmed
        track.emotion = int(track.probabilities.argmax())
        return Change("start", track)

    def _end(self, gone: list[Track]) -> list[Change]:
        self.tracks = [track for track in self.tracks if track not in gone]
        for track in gone:
            track.box = track.seen
        return [Change("end", track) for track in gone if track.number]
