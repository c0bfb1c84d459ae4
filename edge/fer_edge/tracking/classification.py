"""Which faces are classified in a frame."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from fer_edge.config.model import PipelineOptions
from fer_edge.detection.base import MAX_YAW
from fer_edge.geometry import Box
from fer_edge.tracking.track import Track

CHANGING_RATE_FACTOR = 3  # how much more often a face is classified while its expression changes
INTERVAL_TOLERANCE = 0.9  # of an interval must have passed, since frames do not arrive at exact times


@dataclass(frozen=True)
class ClassificationRequest:
    """A face to classify.

    Attributes:
        box: Where it is, pixels of the frame.
        angle: How far the head is tilted, degrees clockwise.
        views: Whether the crop is classified mirrored, for each classification, whose mean is the result.
        required: Whether it is classified even if its crop is blurred, since it has no probabilities yet.
    """

    box: Box
    angle: float
    views: tuple[bool, ...]
    required: bool


def request_for(track: Track) -> ClassificationRequest:
    """The request to classify a track that is detected in the current frame: at first both ways, then in turns."""
    first = not track.emotions.classified
    views = (False, True) if first else (track.emotions.mirrored,)
    return ClassificationRequest(track.motion.box, track.angle, views, required=first)


def due_tracks(tracks: Iterable[Track], time: float, options: PipelineOptions) -> list[Track]:
    """The tracks to classify in the frame at `time`, seconds, of those that are detected in it.

    Those that were classified longest ago come first, then the largest. A face that is turned away is not classified.
    See `PipelineOptions` for `rate`, `max_classifications` and `slowdown`.
    """
    due = [
        track
        for track in tracks
        if track.motion.time == time
        and abs(track.yaw) <= MAX_YAW
        and time - track.emotions.classified_at >= _interval(track, options)
    ]
    due.sort(key=lambda track: (track.emotions.classified_at, -track.motion.box.area))
    return due[: options.max_classifications]


def _interval(track: Track, options: PipelineOptions) -> float:
    """Seconds from one classification of a face to the next."""
    rate = options.rate * (CHANGING_RATE_FACTOR if track.emotions.changing else 1)
    return INTERVAL_TOLERANCE * options.slowdown / rate
