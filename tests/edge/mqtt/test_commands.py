"""The commands: what each does, and what it accepts."""

from __future__ import annotations

import base64

import cv2
import numpy as np
import pytest
from tests.support.commands import CommandBench

from fer_edge import __version__
from fer_edge.cameras.frame import Frame
from fer_edge.config.model import PipelineOptions
from fer_edge.mqtt.commands import COMMANDS
from fer_edge.mqtt.run_settings import OPTIONS, STATE_INTERVAL


def test_the_commands_of_the_contract_exist() -> None:
    assert {"health", "pause", "ping", "reset", "restart", "resume", "set", "snapshot"} <= set(COMMANDS)


def test_ping_returns_time_and_version() -> None:
    reply = CommandBench().request("ping")
    assert reply == {"ok": True, "time": "2023-11-15T12:00:00.000Z", "version": __version__}


def test_pause_and_resume() -> None:
    bench = CommandBench()
    assert bench.request("pause") == {"ok": True, "paused": True}
    assert bench.controls.paused
    assert bench.request("resume", {"transaction": 7}) == {"transaction": 7, "ok": True, "paused": False}
    assert not bench.controls.paused
    bench.request("pause", {"paused": True})
    assert bench.request("pause", {"paused": False})["paused"] is bench.controls.paused is False


def test_set_changes_options_and_returns_all_of_them() -> None:
    bench = CommandBench()
    assert "min_score" not in bench.request("set"), "those of the model file hold"
    options = PipelineOptions(min_score=0.0)
    bench.pipeline.adjust(options)
    defaults = {"ok": True, **{name: getattr(options, name) for name in OPTIONS}, "state_every": 1.0}
    assert {"min_face", "min_score", "rate"} <= set(OPTIONS)
    assert bench.request("set") == defaults
    assert bench.request("set", {"rate": 5, "min_score": 0.5}) == {**defaults, "min_score": 0.5, "rate": 5}
    assert bench.request("set", {"state_every": 60})["state_every"] == bench.context.settings.state_interval == 60
    assert bench.pipeline.options == PipelineOptions(rate=5, min_score=0.5)


@pytest.mark.parametrize(
    ("key", "accepted", "refused", "expected"),
    [
        ("min_face", [0.001, 0.5, 0.999], [0, 1, -0.1, "small"], "min_face must be a number between 0 and 1"),
        ("min_score", [0, 0.5, 1], [-0.1, 1.01, True], "min_score must be a number from 0 to 1"),
        ("rate", [0.01, 10, 1000], [0, 1000.1, None], "rate must be a number above 0 and up to 1000"),
        ("state_every", [0.1, 3600], [0, 0.09, 3601, [1]], "state_every must be a number from 0.1 to 3600"),
    ],
)
def test_set_accepts_the_range_of_each_setting(
    key: str, accepted: list[float], refused: list[object], expected: str
) -> None:
    bench = CommandBench()
    for value in accepted:
        assert bench.request("set", {key: value})[key] == value
    before = bench.pipeline.options
    for wrong in refused:
        assert bench.request("set", {"rate": 5, key: wrong}) == {"ok": False, "error": expected}
    assert bench.pipeline.options == before


def test_reset_returns_to_the_configured_settings() -> None:
    bench = CommandBench()
    configured = bench.request("set")
    bench.request("set", {"rate": 5, "min_score": 0.5, "state_every": 60})
    assert bench.request("reset") == configured
    assert (bench.pipeline.options, bench.context.settings.state_interval) == (PipelineOptions(), STATE_INTERVAL)


def test_health_returns_the_message_of_now() -> None:
    assert CommandBench().request("health") == {"ok": True, "health": {"fps": 7.5}}


def test_restart_ends_the_run_and_starts_anew() -> None:
    bench = CommandBench()
    assert bench.request("restart") == {"ok": True}
    assert bench.controls.stopping
    assert bench.controls.restarting


def test_a_snapshot_is_the_detailed_picture_and_needs_permission() -> None:
    frame = Frame(np.full((48, 64), 77, np.uint8), 1.0, 5, detail=np.full((96, 128), 77, np.uint8))
    forbidden, allowed = CommandBench(), CommandBench(allow_snapshots=True)
    forbidden.context.frame = allowed.context.frame = frame
    assert "--allow-snapshots" in forbidden.request("snapshot")["error"]
    reply = allowed.request("snapshot")
    picture = cv2.imdecode(np.frombuffer(base64.b64decode(reply["jpeg"]), np.uint8), cv2.IMREAD_GRAYSCALE)
    assert (reply["frame"], picture.shape) == (5, (96, 128))
    assert abs(int(picture.mean()) - 77) < 2


def test_a_snapshot_is_published_on_request_instead_of_returned() -> None:
    bench = CommandBench(allow_snapshots=True)
    bench.context.frame = Frame(np.full((48, 64), 77, np.uint8), 1.0, 5)
    assert bench.request("snapshot", {"image": True}) == {"ok": True, "frame": 5}
    ((name, text),) = bench.publisher.texts
    assert name == "image"
    assert base64.b64decode(text) == base64.b64decode(bench.request("snapshot")["jpeg"])
    bench.publisher.connected = False
    unsent = "the broker has not acknowledged earlier messages"
    assert bench.request("snapshot", {"image": True}) == {"ok": False, "error": unsent}


def test_there_is_no_snapshot_before_the_first_frame_or_while_paused() -> None:
    bench = CommandBench(allow_snapshots=True)
    no_picture = {"ok": False, "error": "there is no picture now"}
    assert bench.request("snapshot") == no_picture
    bench.context.frame = Frame(np.full((48, 64), 77, np.uint8), 1.0, 5)
    bench.request("pause")
    assert bench.request("snapshot") == no_picture
