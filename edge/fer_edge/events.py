"""The wire contract: events of a face, when it appears, when its emotion changes and when it disappears; and reports.

The JSON Schemas are in `schema`: `event.json`, and for reports and retained messages a file named after the topic.
`SCHEMA` and `REPORT_SCHEMA` are increased when subscribers have to change.
"""

from __future__ import annotations

import ctypes
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from fer_edge.affect import AXES, estimate_affect

SCHEMA = 2
REPORT_SCHEMA = 1
SCHEMAS = Path(__file__).parent / "schema"
SCHEMA_FILE = SCHEMAS / "event.json"
STATE_MEASURES = ("score", "scores", *AXES)  # members of the message `state` that differ from frame to frame
EventType = Literal["start", "update", "end"]
TIMEX_SIZE = 512  # bytes, more than struct timex of adjtimex(2)
TIME_ERROR = 5  # what adjtimex(2) returns while the clock is not synchronised


@dataclass(frozen=True)
class Event:
    """An event of one face, as the pipeline knows it: without wall time and without the identity of the device.

    Attributes:
        type: What happened.
        time: When, in seconds on the clock of the frames.
        track: Number of the face's track.
        emotion: The face's emotion; None if none is certain enough.
        scores: Probability of each label, 0..1, smoothed.
        previous: The emotion before an `update`, None if none was certain enough.
        box: x, y, width, height as fractions of the frame.
        frame: Width, height and number of the frame.
        duration: Seconds from the first to the last detection of the face, in an `end` only.
        file: Name of the picture that the frame was read from, if it was.
        zone: Name of the face's zone, empty outside all zones; None if no zones are configured.
    """

    type: EventType
    time: float
    track: int
    emotion: str | None
    scores: dict[str, float]
    previous: str | None
    box: tuple[float, float, float, float]
    frame: tuple[int, int, int]
    duration: float | None = None
    file: str | None = None
    zone: str | None = None

    @property
    def score(self) -> float:
        """Probability of the emotion, or the highest one if none is certain enough, 0..1."""
        return max(self.scores.values()) if self.emotion is None else self.scores[self.emotion]


class MessageBuilder:
    """Makes messages from events and reports: adds their identity and their wall time.

    Attributes:
        wall: Converts the time of a frame to seconds since the epoch.
    """

    def __init__(
        self,
        device: str,
        boot: str,
        wall: Callable[[float], float],
        is_synced: Callable[[], bool] | None = None,
    ) -> None:
        """Start to count messages.

        Args:
            device: The name of the device.
            boot: Identifies this run of the service.
            wall: Converts the time of a frame to seconds since the epoch.
            is_synced: Returns whether the system clock has been set; by default the kernel is asked.
        """
        self._device, self._boot, self.wall = device, boot, wall
        self._is_synced = is_synced or clock_synced
        self._seq = 0
        self._report_seqs: dict[str, int] = {}  # topic -> number of its next report

    def message(self, event: Event) -> dict[str, Any]:
        """The JSON object of `event`. Each call makes a new message with its own `id`."""
        seq = self._seq
        self._seq += 1
        width, height, number = event.frame
        message: dict[str, Any] = {
            "schema": SCHEMA,
            "id": f"{self._boot}-{seq}",
            "boot": self._boot,
            "seq": seq,
            "device": self._device,
            "type": event.type,
            "ts": rfc3339(self.wall(event.time)),
            "clock_synced": self._is_synced(),
            "track": event.track,
            "emotion": event.emotion,
            "score": round(event.score, 4),
            "scores": {label: round(score, 4) for label, score in event.scores.items()},
            "previous": event.previous,
            **estimate_affect(event.scores),
            "box": [round(value, 4) for value in event.box],
            **({} if event.zone is None else {"zone": event.zone or None}),
            "frame": {"width": width, "height": height, "number": number},
        }
        if event.file is not None:
            message["frame"]["file"] = event.file
        if event.duration is not None:
            message["duration_s"] = round(event.duration, 3)
        return message

    def report(self, topic: str, wall: float, content: dict[str, Any]) -> dict[str, Any]:
        """The JSON object of a report. Each call makes a new message with its own `id`.

        Args:
            topic: The name of its topic; `seq` counts the reports of each.
            wall: Its time, in seconds since the epoch.
            content: What is reported.
        """
        seq = self._report_seqs.get(topic, 0)
        self._report_seqs[topic] = seq + 1
        return {
            "schema": REPORT_SCHEMA,
            "id": f"{self._boot}-{topic}-{seq}",
            "boot": self._boot,
            "seq": seq,
            "device": self._device,
            "ts": rfc3339(wall),
            "clock_synced": self._is_synced(),
            **content,
        }


def encode(message: dict[str, Any]) -> str:
    """A message as one line of JSON in UTF-8, with ? for each byte of a file name that is not."""
    text = json.dumps(message, separators=(",", ":"), ensure_ascii=False)
    return text.encode(errors="replace").decode()


def rfc3339(seconds: float) -> str:
    """Seconds since the epoch as RFC 3339 in UTC, to the millisecond."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def clock_synced() -> bool:
    """Whether the kernel considers the system clock synchronised, by whatever means."""
    timex = ctypes.create_string_buffer(TIMEX_SIZE)  # zeroed, so that nothing is set
    return bool(ctypes.CDLL(None).adjtimex(timex) not in (-1, TIME_ERROR))
