"""CommandDispatcher: what is carried out, what is answered, and what a stranger can send."""

from __future__ import annotations

import base64
import json
import os
import tracemalloc
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from fer_edge.cameras.frame import Frame
from fer_edge.config.model import PipelineOptions
from fer_edge.mqtt.command_dispatcher import AT_ONCE, MOST_BYTES, WAITING, CommandDispatcher
from fer_edge.mqtt.commands import Commands
from fer_edge.run.controls import RunControls

EXAMPLES = 10_000 if os.environ.get("FER_EDGE_SOAK") else 1_000
NOON = 1_700_049_600.0


class Line:
    """Stands for the publisher: hands on what the broker would, and keeps what is sent."""

    topic = "fer/cam"

    def __init__(self) -> None:
        self.sent: list[tuple[str, dict[str, Any]]] = []
        self._handler: Callable[[str, bytes, bool], None] | None = None

    def subscribe(self, pattern: str, handler: Callable[[str, bytes, bool], None]) -> None:
        assert pattern == "fer/cam/cmd/+"
        self._handler = handler

    def hear(self, name: str, payload: bytes = b"", *, retained: bool = False) -> None:
        assert self._handler
        self._handler(f"fer/cam/cmd/{name}", payload, retained)

    def send(self, name: str, payload: dict[str, Any]) -> bool:
        json.dumps(payload, allow_nan=False, ensure_ascii=False).encode()  # what goes out is JSON in UTF-8
        self.sent.append((name, payload))
        return True


class Knobs:
    """Stands for the pipeline."""

    def __init__(self) -> None:
        self.options = PipelineOptions()

    def adjust(self, options: PipelineOptions) -> None:
        self.options = options


class Desk:
    """CommandDispatcher with the commands of a run."""

    def __init__(self, *, snapshots: bool = False) -> None:
        self.line, self.pipeline = Line(), Knobs()
        self.controls = RunControls(self.pipeline)  # type: ignore[arg-type]
        self.run_commands = Commands(self.controls, lambda: NOON, snapshots=snapshots)
        self.commands = CommandDispatcher(self.line, self.run_commands.commands)  # type: ignore[arg-type]

    def ask(self, name: str, payload: object = None) -> dict[str, Any]:
        raw = payload if isinstance(payload, bytes) else b"" if payload is None else json.dumps(payload).encode()
        self.line.hear(name, raw)
        self.commands.run()
        return self.line.sent.pop()[1]


def test_a_ping_is_answered_with_its_transaction() -> None:
    desk = Desk()
    desk.line.hear("ping", b'{"transaction": "a-1"}')
    desk.commands.run()
    (name, reply), *rest = desk.line.sent
    assert (name, rest) == ("reply/ping", [])
    assert reply == {"transaction": "a-1", "ok": True, "time": "2023-11-15T12:00:00.000Z", "version": reply["version"]}


def test_pause_and_resume() -> None:
    desk = Desk()
    assert desk.ask("pause") == {"ok": True, "paused": True}
    assert desk.controls.paused
    assert desk.ask("resume", {"transaction": 7}) == {"transaction": 7, "ok": True, "paused": False}
    assert not desk.controls.paused
    desk.ask("pause", {"paused": True})
    assert desk.ask("pause", {"paused": False})["paused"] is desk.controls.paused is False


def test_what_is_set_holds_and_is_told() -> None:
    desk = Desk()
    known = {"ok": True, "min_face": 0.08, "min_score": 0.0, "rate": 10.0, "state_every": 1.0}
    assert desk.ask("set") == known
    assert desk.ask("set", {"rate": 5, "min_score": 0.5}) == {**known, "min_score": 0.5, "rate": 5}
    assert desk.ask("set", {"state_every": 60})["state_every"] == desk.run_commands.state_every == 60
    assert desk.pipeline.options == PipelineOptions(rate=5, min_score=0.5)


def test_restart_ends_the_run_and_says_that_it_is_to_begin_anew() -> None:
    desk = Desk()
    assert desk.ask("restart") == {"ok": True}
    assert desk.controls.stopping
    assert desk.controls.restarting


def test_pictures_are_given_only_if_the_owner_allows_it() -> None:
    frame = Frame(np.full((48, 64), 77, np.uint8), 1.0, 5, detail=np.full((96, 128), 77, np.uint8))
    shut, open_ = Desk(), Desk(snapshots=True)
    shut.run_commands.frame = open_.run_commands.frame = frame
    assert "--allow-snapshots" in shut.ask("snapshot")["error"]
    reply = open_.ask("snapshot")
    picture = cv2.imdecode(np.frombuffer(base64.b64decode(reply["jpeg"]), np.uint8), cv2.IMREAD_GRAYSCALE)
    assert (reply["frame"], picture.shape) == (5, (96, 128))
    assert abs(int(picture.mean()) - 77) < 2
    open_.ask("pause")
    assert open_.ask("snapshot") == {"ok": False, "error": "there is no picture now"}


@pytest.mark.parametrize(
    ("name", "payload", "complaint"),
    [
        ("dance", b"", "unknown command; known are pause, ping, restart, resume, set, snapshot"),
        ("ping", b"{", "a request must be a JSON object, or empty"),
        ("ping", b"[1]", "a request must be a JSON object, or empty"),
        ("ping", b"\xff\xfe", "a request must be a JSON object, or empty"),
        ("ping", b'{"transaction": NaN}', "a request must be a JSON object, or empty"),
        ("ping", b"[" * 1000, "a request must be a JSON object, or empty"),
        ("ping", b'{"transaction": 1e999}', "transaction must be a number, or a text of up to 64 characters"),
        ("ping", b'{"transaction": "\\ud800"}', "transaction must be a number, or a text of up to 64 characters"),
        ("ping", b'{"transaction": [1]}', "transaction must be a number, or a text of up to 64 characters"),
        ("ping", b'{"transaction": true}', "transaction must be a number, or a text of up to 64 characters"),
        ("ping", b" " * (MOST_BYTES + 1), f"a request may have {MOST_BYTES} bytes at most"),
        ("ping", b'{"louder": 1}', "unknown key 'louder'; known are none"),
        ("pause", b'{"paused": "yes"}', "paused must be true or false"),
        ("set", b'{"state_every": 0}', "state_every must be a number from 0.1 to 3600"),
        ("set", b'{"rate": 0}', "rate must be a number from 0.1 to 100"),
        ("set", b'{"min_score": true}', "min_score must be a number from 0 to 1"),
        ("set", b'{"min_score": 0.5, "min_face": "small"}', "min_face must be a number from 0.01 to 0.99"),
        ("pause", b'{"pause": true}', "unknown key 'pause'; known are paused"),
    ],
)
def test_what_cannot_be_carried_out_is_answered_with_the_reason(name: str, payload: bytes, complaint: str) -> None:
    desk = Desk()
    assert desk.ask(name, payload) == {"ok": False, "error": complaint}
    assert not desk.controls.paused
    assert desk.pipeline.options == PipelineOptions()


def test_nobody_chooses_the_topic_of_a_reply() -> None:
    desk = Desk()
    desk.line.hear("x" * 60_000)
    desk.line.hear("Ärger\n")
    desk.commands.run()
    assert [name for name, _ in desk.line.sent] == ["reply/error", "reply/error"]


def test_a_request_that_the_broker_kept_is_not_carried_out() -> None:
    desk = Desk()
    desk.line.hear("restart", b"", retained=True)
    desk.commands.run()
    assert not desk.controls.stopping
    assert not desk.line.sent


def test_a_flood_is_dropped_and_leaves_time_for_frames() -> None:
    desk = Desk()
    for _ in range(WAITING + 5):
        desk.line.hear("ping")
    assert desk.commands.dropped == 5
    desk.commands.run()
    assert len(desk.line.sent) == AT_ONCE


REQUESTS = some.one_of(
    some.binary(max_size=2048),
    some.recursive(
        some.none() | some.booleans() | some.integers() | some.floats() | some.text(),
        lambda values: some.lists(values) | some.dictionaries(some.text(), values),
    ).map(lambda value: json.dumps(value).encode()),
    some.fixed_dictionaries(
        {}, optional={key: some.booleans() | some.text() | some.floats() for key in ("paused", "transaction", "x")}
    ).map(lambda value: json.dumps(value).encode()),
)
NAMES = some.sampled_from(["ping", "pause", "resume", "restart", "snapshot", "set"]) | some.text(max_size=40)


def test_requests_of_strangers_are_all_answered_and_kept_nowhere() -> None:
    desk = Desk(snapshots=True)
    kept: list[int] = []

    @settings(max_examples=EXAMPLES, deadline=None, database=None)
    @given(NAMES, REQUESTS)
    def ask(name: str, payload: bytes) -> None:
        reply = desk.ask(name, payload)
        assert reply["ok"] is True or reply["error"]
        desk.controls.paused = False

    ask()
    tracemalloc.start()
    for size in range(200):
        desk.ask("ping", b"x" * 100 * size)
        if size in (20, 199):
            kept.append(tracemalloc.get_traced_memory()[0])
    tracemalloc.stop()
    assert kept[1] - kept[0] < 20_000
