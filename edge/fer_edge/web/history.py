"""The last minutes of a run, for viewers that connect later."""

from __future__ import annotations

from collections import Counter, deque
from typing import Any

from fer_edge.events import encode

SAMPLE_INTERVAL = 0.5  # seconds between two samples of the faces
HISTORY = 300.0  # seconds of samples that are kept
MAX_EVENTS = 100  # that are kept


class History:
    """Samples of the faces, and the last events. To be used in the server's loop only.

    Attributes:
        faces: JSON objects of the faces in the last sample.
        event_counts: Number of events of each type since the start.
    """

    def __init__(self) -> None:
        self.faces: list[dict[str, Any]] = []
        self.event_counts: Counter[str] = Counter()
        self._samples: deque[dict[str, Any]] = deque(maxlen=int(HISTORY / SAMPLE_INTERVAL))
        self._events: deque[dict[str, Any]] = deque(maxlen=MAX_EVENTS)
        self._json, self._json_time = "", 0.0  # cached, and when it was made

    def add_sample(self, now: float, faces: list[dict[str, Any]]) -> dict[str, Any]:
        """Add a sample of the faces. Returns the message about it for viewers."""
        self.faces = faces
        summary = [[face["track"], face["emotion"], face["score"]] for face in faces]
        sample = {"type": "sample", "t": round(now, 2), "faces": summary}
        self._samples.append(sample)
        self._json = ""
        return sample

    def add_event(self, event: dict[str, Any]) -> None:
        """Add an event."""
        self._events.append(event)
        self.event_counts[event["type"]] += 1
        self._json = ""

    def events_after(self, event_id: str | None) -> list[dict[str, Any]]:
        """The events after the one with this id: all if it is not among those kept, none if there is no id."""
        if event_id is None:
            return []
        events = list(self._events)
        positions = [position for position, event in enumerate(events) if event["id"] == event_id]
        return events[positions[0] + 1 if positions else 0 :]

    def json_members(self, now: float) -> str:
        """`samples` and `events` as members of a JSON object; cached for viewers that connect at the same time."""
        if not self._json or now - self._json_time > SAMPLE_INTERVAL:
            samples = [sample for sample in self._samples if now - sample["t"] <= HISTORY]
            self._json = encode({"samples": samples, "events": list(self._events)})[1:-1]
            self._json_time = now
        return self._json
