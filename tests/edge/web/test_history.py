"""The last minutes of a run, for viewers that connect later."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fer_edge.web.history import HISTORY, MAX_EVENTS, SAMPLE_INTERVAL, History

FACE = {"track": 3, "box": [0, 0, 1, 1], "emotion": "happy", "score": 0.9, "scores": [0.1, 0.9]}


def members(history: History, now: float) -> dict[str, Any]:
    return dict(json.loads("{" + history.json_members(now) + "}"))


def event(number: int, kind: str = "start") -> dict[str, Any]:
    return {"id": f"a-{number}", "type": kind}


def test_five_minutes_of_samples_are_kept() -> None:
    history, now = History(), 100.0
    for _ in range(800):
        now += SAMPLE_INTERVAL
        history.add_sample(now, [])
    samples = members(history, now)["samples"]
    assert now - samples[0]["t"] == pytest.approx(HISTORY, abs=2)
    assert len(samples) <= HISTORY / SAMPLE_INTERVAL + 1


def test_samples_from_before_a_long_pause_are_left_out() -> None:
    history = History()
    history.add_sample(100.0, [])
    history.add_sample(200.0, [FACE])
    assert members(history, 100.0 + HISTORY + 1)["samples"] == [
        {"type": "sample", "t": 200.0, "faces": [[3, "happy", 0.9]]}
    ]
    assert history.faces == [FACE]


def test_the_json_of_the_history_is_current() -> None:
    history = History()
    assert members(history, 1.0) == {"samples": [], "events": []}
    history.add_event(event(0))
    assert members(history, 1.0)["events"] == [event(0)]
    history.add_sample(1.1, [])
    assert len(members(history, 1.1)["samples"]) == 1


def test_events_continue_after_the_last_one_that_a_reader_has() -> None:
    history = History()
    for number in range(MAX_EVENTS + 10):
        history.add_event(event(number, "update" if number else "start"))
    assert history.events_after(None) == []
    assert [missed["id"] for missed in history.events_after(f"a-{MAX_EVENTS + 7}")] == [
        f"a-{MAX_EVENTS + 8}",
        f"a-{MAX_EVENTS + 9}",
    ]
    assert len(history.events_after("of another run")) == MAX_EVENTS
    assert history.event_counts == {"start": 1, "update": MAX_EVENTS + 9}
