"""Messages `minute` as a run makes them."""

from __future__ import annotations

from typing import Any

from tests.support.clock import NOON

from fer_edge.events import rfc3339


def minute(number: int, *labels: str, zone: str = "") -> dict[str, Any]:
    """The minute of this number after noon, with these labels; with a zone if one is given."""
    tally = {
        "nobody_s": 10.5,
        "unsure_s": 0.0,
        "emotions_s": dict.fromkeys(labels or ("happy", "sad"), 20.25),
        "face_s": 40.5,
        "most_faces": 2,
    }
    return {
        "schema": 1,
        "id": f"b00t-minute-{number}",
        "boot": "b00t",
        "seq": number,
        "device": "porch",
        "ts": rfc3339(NOON + 60 * number),
        "clock_synced": True,
        "duration_s": 60.0,
        "observed_s": 59.5,
        **tally,
        **({"zones": {zone: tally}} if zone else {}),
    }
