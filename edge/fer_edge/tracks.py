"""Who is who from frame to frame, and when an emotion has really changed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .events import EventType
from .faces import Box

CLEARLY_LARGER = 1.5  # times the area; two faces side by side take turns at being the larger one by a pixel


@dataclass(frozen=True)
class TrackRules:
    """When a face is believed, how its probabilities are smoothed, when it counts as gone.

    confirm: sightings before a face counts, since a detection that lasts one frame is no face. lost: seconds unseen
    after which it is gone. smoothing: time constant of the probabilities, seconds. hold: seconds that another emotion
    must lead before it is reported. overlap: least intersection over union of the same face in two frames.
    """

    confirm: int = 3
    lost: float = 1.0
    smoothing: float = 0.4
    hold: float = 0.3
    overlap: float = 0.25


@dataclass(eq=False)
class Track:
    """A face that is followed. `number` is 0 until it is confirmed; `emotion` is the label index last reported."""

    box: Box
    probabilities: NDArray[np.float32]
    first_seen: float
    last_seen: float
    sightings: int = 1
    number: int = 0
    emotion: int = -1
    leading_since: float = math.inf


@dataclass(frozen=True)
class Sighting:
    """A face in one frame: its box and its probabilities, float32 [classes]."""

    box: Box
    probabilities: NDArray[np.float32]


@dataclass(frozen=True)
class Change:
    """What became of a track: `previous` is the label index before an update, else None."""

    type: EventType
    track: Track
    previous: int | None = None


class Tracker:
    """Follows faces by the overlap of their boxes; depends on nothing but what it is shown and when.

    dominant: the face that counts most: the largest, kept until it goes or another is clearly larger.
    """

    def __init__(self, rules: TrackRules | None = None) -> None:
        self._rules = rules or TrackRules()
        self._tracks: list[Track] = []
        self._confirmed = 0
        self.dominant: Track | None = None

    @property
    def faces(self) -> list[Track]:
        """The confirmed tracks, the largest first."""
        confirmed = [track for track in self._tracks if track.number]
        return sorted(confirmed, key=lambda track: (-track.box.area, track.number))

    def step(self, sightings: Sequence[Sighting], time: float) -> list[Change]:
        """Take in all faces of the frame at `time`, seconds, and tell what changed."""
        unseen = list(self._tracks)
        changes = []
        for known, sighting in self._matched(sightings):
            track = known or Track(sighting.box, sighting.probabilities, time, time)
            if known:
                unseen.remove(known)
                self._see(known, sighting, time)
            else:
                self._tracks.append(track)
            change = self._judge(track, time)
            if change:
                changes.append(change)
        gone = [track for track in unseen if not track.number or time - track.last_seen > self._rules.lost]
        changes += self._end(gone)
        self._settle_dominant()
        return changes

    def show_still(self, sightings: Sequence[Sighting], time: float) -> list[Change]:
        """Take in a scene of its own: every face of it starts at once, and ends with it."""
        changes = self.finish()
        self._tracks = [Track(sighting.box, sighting.probabilities, time, time) for sighting in sightings]
        return changes + [self._start(track) for track in self._tracks] + self.finish()

    def finish(self) -> list[Change]:
        """End every track."""
        self.dominant = None
        return self._end(list(self._tracks))

    def _settle_dominant(self) -> None:
        faces = self.faces
        if not faces:
            self.dominant = None
        elif self.dominant not in faces or faces[0].box.area > CLEARLY_LARGER * self.dominant.box.area:
            self.dominant = faces[0]

    def _matched(self, sightings: Sequence[Sighting]) -> list[tuple[Track | None, Sighting]]:
        """Each sighting with the track that it continues, the best overlaps first; those that continue none last."""
        overlaps = [
            (sighting.box.overlap(track.box), -t, -s)
            for t, track in enumerate(self._tracks)
            for s, sighting in enumerate(sightings)
        ]
        matched: dict[int, Track] = {}
        taken: set[int] = set()
        for overlap, t, s in sorted(overlaps, reverse=True):
            if overlap >= self._rules.overlap and -t not in taken and -s not in matched:
                matched[-s] = self._tracks[-t]
                taken.add(-t)
        known = [(track, sightings[s]) for s, track in matched.items()]
        return [*known, *((None, sighting) for s, sighting in enumerate(sightings) if s not in matched)]

    def _see(self, track: Track, sighting: Sighting, time: float) -> None:
        weight = 1 - math.exp(-(time - track.last_seen) / self._rules.smoothing)
        track.probabilities = track.probabilities + np.float32(weight) * (sighting.probabilities - track.probabilities)
        track.box, track.last_seen = sighting.box, time
        track.sightings += 1

    def _judge(self, track: Track, time: float) -> Change | None:
        if not track.number:
            return self._start(track) if track.sightings >= self._rules.confirm else None
        leading = int(track.probabilities.argmax())
        if leading == track.emotion:
            track.leading_since = math.inf
            return None
        track.leading_since = min(track.leading_since, time)
        if time - track.leading_since < self._rules.hold:
            return None
        previous, track.emotion, track.leading_since = track.emotion, leading, math.inf
        return Change("update", track, previous)

    def _start(self, track: Track) -> Change:
        self._confirmed += 1
        track.number = self._confirmed
        track.emotion = int(track.probabilities.argmax())
        return Change("start", track)

    def _end(self, gone: list[Track]) -> list[Change]:
        self._tracks = [track for track in self._tracks if track not in gone]
        return [Change("end", track) for track in gone if track.number]
