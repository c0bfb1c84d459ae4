"""Who is who from frame to frame, and when an emotion has really changed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from .events import EventType
from .faces import Box

CLEARLY_LARGER = 1.5  # times the area; two faces side by side take turns at being the larger one by a pixel
STEADY = 0.15  # seconds, time constant of a track's velocity
RESTLESS = 0.2  # difference of a probability from its smoothed value that tells that the expression changes


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
class Sighting:
    """A face in one frame.

    patch: what it looks like, uint8, when the cascade was asked. sure: false when it was only followed by its looks.
    """

    box: Box
    patch: NDArray[np.uint8] | None = None
    sure: bool = True


@dataclass(eq=False)
class Track:
    """A face that is followed.

    box: where it is, or would be if it went on as it did. number: 0 until it is confirmed. emotion: the label index
    last reported.

    last_seen: when it was last known to be a face. seen, last_found: where and when it was last found, if only by its
    looks. velocity: pixels a second. patch, looked: what the cascade last saw, and when. probabilities: float32
    [classes], smoothed, or [0] before it is first classified. felt: when it last was. restless: whether it changes.
    """

    box: Box
    first_seen: float
    last_seen: float
    seen: Box
    last_found: float
    patch: NDArray[np.uint8] | None = None
    looked: float = -math.inf
    velocity: tuple[float, float] = (0.0, 0.0)
    sightings: int = 1
    number: int = 0
    probabilities: NDArray[np.float32] = field(default_factory=lambda: np.zeros(0, np.float32))
    felt: float = -math.inf
    restless: bool = False
    emotion: int = -1
    leading_since: float = math.inf

    def at(self, time: float) -> Box:
        """Where it would be at a time, seconds, if it went on as it did."""
        passed = time - self.last_found
        return self.seen.moved(self.velocity[0] * passed, self.velocity[1] * passed)

    def see(self, sighting: Sighting, time: float) -> None:
        """Take in that it was found in the frame at `time`."""
        passed = time - self.last_found
        if passed > 0:
            weight = 1 - math.exp(-passed / STEADY)
            (x, y), (old_x, old_y), (vx, vy) = sighting.box.centre, self.seen.centre, self.velocity
            self.velocity = (
                vx + weight * ((x - old_x) / passed - vx),
                vy + weight * ((y - old_y) / passed - vy),
            )
        self.box, self.seen, self.last_found = sighting.box, sighting.box, time
        if sighting.sure:
            self.last_seen = time
            self.sightings += 1
        if sighting.patch is not None:
            self.patch, self.looked = sighting.patch, time

    def feel(self, probabilities: NDArray[np.float32], time: float, smoothing: float) -> None:
        """Take in what the classifier says of the frame at `time`; `smoothing` is the time constant, seconds."""
        if not self.probabilities.size:
            self.probabilities = probabilities
        else:
            difference = probabilities - self.probabilities
            self.restless = bool(np.abs(difference).max() > RESTLESS)
            weight = 1 - math.exp(-(time - self.felt) / smoothing)
            self.probabilities = self.probabilities + np.float32(weight) * difference
        self.felt = time


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

    def see(self, sightings: Sequence[Sighting], time: float) -> None:
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

    def _matched(self, sightings: Sequence[Sighting], time: float) -> list[tuple[Track | None, Sighting]]:
        """Each sighting with the track that it continues, the best overlaps first; those that continue none last."""
        expected = [track.at(time) for track in self.tracks]
        overlaps = [
            (sighting.box.overlap(box), -t, -s)
            for t, box in enumerate(expected)
            for s, sighting in enumerate(sightings)
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
