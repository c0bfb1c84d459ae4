"""The wire contract: what is told of a face when it comes, when its emotion changes and when it goes.

The JSON Schema of it is `schema/event.json`; `SCHEMA` changes when a subscriber would have to.
"""

from __future__ import annotations

import ctypes
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

SCHEMA = 1
SCHEMA_FILE = Path(__file__).parent / "schema" / "event.json"
EventType = Literal["start", "update", "end"]
TIME_ERROR = 5  # what adjtimex(2) returns while the clock is not synchronised


@dataclass(frozen=True)
class Event:
    """One thing that happened to one face, as the pipeline knows it: no wall time, no identity of the device.

    time: seconds on the clock of the frames. scores: probability of each label, 0..1, smoothed. previous: the emotion
    before an update. box: x, y, w, h as fractions of the frame. frame: its width, height and number. duration: seconds
    from the first to the last sight of the face, at its end only.
    """

    type: EventType
    time: float
    track: int
    emotion: str
    scores: dict[str, float]
    previous: str | None
    box: tuple[float, float, float, float]
    frame: tuple[int, int, int]
    duration: float | None = None


class MessageBuilder:
    """Makes events into messages: gives them their identity and wall time.

    device: the device's name. boot: names this run of the service. wall: turns the time of a frame into seconds since
    the epoch. synced: tells whether the system clock has been set.
    """

    def __init__(
        self, device: str, boot: str, wall: Callable[[float], float], synced: Callable[[], bool] | None = None
    ) -> None:
        self._device, self._boot, self._wall, self._synced = device, boot, wall, synced or clock_synced
        self._seq = 0

    def message(self, event: Event) -> dict[str, Any]:
        """The JSON object of `event`. Each call is a new message with an `id` of its own."""
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
            "ts": rfc3339(self._wall(event.time)),
            "clock_synced": self._synced(),
            "track": event.track,
            "emotion": event.emotion,
            "score": round(event.scores[event.emotion], 4),
            "scores": {label: round(score, 4) for label, score in event.scores.items()},
            "previous": event.previous,
            "box": [round(value, 4) for value in event.box],
            "frame": {"width": width, "height": height, "number": number},
        }
        if event.duration is not None:
            message["duration_s"] = round(event.duration, 3)
        return message


def encode(message: dict[str, Any]) -> str:
    """A message as one line of JSON."""
    return json.dumps(message, separators=(",", ":"), ensure_ascii=False)


def rfc3339(seconds: float) -> str:
    """Seconds since the epoch as RFC 3339 in UTC, to the millisecond."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def clock_synced() -> bool:
    """Whether the kernel holds the system clock for synchronised, whoever set it."""
    timex = ctypes.create_string_buffer(512)  # struct timex, zeroed: read only
    return bool(ctypes.CDLL(None).adjtimex(timex) not in (-1, TIME_ERROR))
