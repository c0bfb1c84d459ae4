"""The rows of a history: one for the whole frame in each minute, and one for each zone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

COLUMNS = {  # name -> type in SQLite
    "id": "TEXT",
    "ts": "TEXT",
    "clock_synced": "INTEGER",
    "device": "TEXT",
    "zone": "TEXT",
    "duration_s": "REAL",
    "observed_s": "REAL",
    "nobody_s": "REAL",
    "unsure_s": "REAL",
    "face_s": "REAL",
    "most_faces": "INTEGER",
}
EMOTIONS = "emotions_s"


def rows(message: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the rows of a `minute` message, each with COLUMNS and EMOTIONS; the zone of the whole frame is empty."""
    common = {**message, "clock_synced": int(message["clock_synced"])}
    for zone, tally in {"": {}, **message.get("zones", {})}.items():
        row = {**common, **tally, "zone": zone}
        yield {name: row[name] for name in (*COLUMNS, EMOTIONS)}
