"""fer-edge --status against a real Mosquitto and a real daemon."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as some
from tests.support.daemon_process import DaemonProcess
from tests.support.mosquitto import Mosquitto
from tests.support.network import free_port
from tests.support.processes import Run, run

from fer_edge.config.broker import Broker
from fer_edge.mqtt.exchange import ExchangeError
from fer_edge.mqtt.outbox import Outbox
from fer_edge.mqtt.publisher import Publisher
from fer_edge.mqtt.query import MAX_LINE, format_status, query_device

KEYS = (
    "uptime_s",
    "version",
    "model",
    "name",
    "camera",
    "degraded",
    "temperature_c",
    "rss_mb",
    "emotion",
    "fps",
    "queue",
)


def status(url: str, *flags: str) -> Run:
    return run("fer_edge", "--status", "--mqtt", url, "--device", "cam", *flags)


def test_a_running_device_reports_its_status_and_a_stopped_one_is_offline(
    mosquitto: Mosquitto, daemon: DaemonProcess
) -> None:
    done = status(mosquitto.url)
    assert (done.code, done.err) == (0, "")
    values = dict(line.split(maxsplit=1) for line in done.out.splitlines())
    assert list(values) == ["device", "model", "accelerator", "detector", "camera", "faces", "events", "machine"]
    assert values["device"].startswith("cam, online for 0 min ")
    assert values["model"] == "nano"
    assert values["detector"] == "haar+network"
    assert "fps" in values["camera"]
    assert values["faces"].startswith("1, ")
    assert values["events"].endswith("waiting, 0 lost, 0 refused")

    asked = json.loads(status(mosquitto.url, "--json").out)
    assert asked["info"] == daemon.published("info")[0]
    assert asked["state"]["faces"] == 1
    assert asked["health"]["frames"] > 0
    assert asked["health"]["degraded"] is None

    daemon.close()
    done = status(mosquitto.url)
    assert (done.code, done.out, done.err) == (1, "", "fer-edge: cam is offline\n")


def test_an_unreachable_broker_and_an_unknown_device_are_reported(mosquitto: Mosquitto) -> None:
    with pytest.raises(ExchangeError, match="connection refused"):
        query_device(Broker("127.0.0.1", free_port()), None, "cam", timeout=1)
    with pytest.raises(ExchangeError, match="the broker knows no device cam"):
        query_device(Broker("127.0.0.1", mosquitto.port), None, "cam", timeout=1)


def test_a_device_that_does_not_answer_is_reported(mosquitto: Mosquitto) -> None:
    with Publisher(Broker("127.0.0.1", mosquitto.port), None, "cam", Outbox()) as hanging:
        assert hanging.flush(10)
        with pytest.raises(ExchangeError, match="cam is online but does not answer"):
            query_device(Broker("127.0.0.1", mosquitto.port), None, "cam", timeout=2)


def test_a_broker_is_required() -> None:
    done = status("none")
    assert done.code == 2
    assert "--mqtt" in done.err


@pytest.mark.parametrize(
    ("seconds", "words"), [(62.5, "1 min 2 s"), (7260, "2 h 1 min"), (3 * 86400 + 3600 * 5, "3 d 5 h")]
)
def test_problems_are_in_the_line_of_what_they_concern(seconds: float, words: str) -> None:
    health: dict[str, Any] = {"uptime_s": seconds, "camera": "unplugged", "degraded": "hot", "temperature_c": 83.1}
    lines = format_status("cam", {"info": None, "state": None, "health": health})
    assert f"online for {words}," in lines[0]
    assert lines[4].endswith(": unplugged")
    assert "83.1 °C" in lines[-1]
    assert lines[-1].endswith("degraded: hot")


@pytest.mark.parametrize(
    ("state", "faces"),
    [
        ({"faces": 2, "emotion": "sad", "score": 0.7}, "2, sad 0.7"),
        ({"faces": 1, "emotion": None, "score": 0.3}, "1, unsure"),
        ({"faces": 0, "emotion": None, "score": None}, "0"),
    ],
)
def test_the_faces_and_the_emotion_of_the_dominant_one_are_a_line(state: dict[str, Any], faces: str) -> None:
    (line,) = [line for line in format_status("cam", {"info": {}, "state": state, "health": {}}) if "faces" in line]
    assert line == f"faces        {faces}"


ANYTHING = some.recursive(
    some.none() | some.booleans() | some.integers() | some.floats() | some.text(),
    lambda values: some.lists(values, max_size=3) | some.dictionaries(some.sampled_from(KEYS), values, max_size=4),
    max_leaves=8,
)
OBJECTS = some.none() | some.dictionaries(some.sampled_from(KEYS), ANYTHING)


@settings(max_examples=100, deadline=None, database=None)
@given(some.fixed_dictionaries(dict.fromkeys(("info", "state", "health"), OBJECTS)))
@example({"info": {"camera": "\x1b[2J"}, "state": {}, "health": {"uptime_s": 10**400}})
def test_whatever_another_program_has_published_is_printed_in_eight_printable_lines(answers: dict[str, Any]) -> None:
    lines = format_status("cam", answers)
    assert len(lines) == 8
    assert all(line.isprintable() and len(line) <= MAX_LINE for line in lines)


@pytest.mark.parametrize(
    "payload",
    [
        "[" * 100_000,
        "NaN",
        '{"x": [-Infinity]}',
        '{"x": 1e999}',
        "[]",
        "9" * 5000,
        '{"model": 7, "x": "\\ud800"}',
        "\x1b",
    ],
)
def test_a_retained_message_of_another_program_does_not_prevent_the_answer(mosquitto: Mosquitto, payload: str) -> None:
    reply = '{{"transaction": "{}", "health": {}}}'
    with Publisher(Broker("127.0.0.1", mosquitto.port), None, "cam", Outbox()) as device:
        device.retain_at("fer/cam/info", payload)

        def answer(topic: str, request: bytes, retained: bool) -> None:
            for health in ("[]", '{"uptime_s": "x"}'):
                device.retain_at("fer/cam/reply/health", reply.format(json.loads(request)["transaction"], health))

        device.subscribe("fer/cam/cmd/health", answer)
        assert device.flush(10)
        answers = query_device(Broker("127.0.0.1", mosquitto.port), None, "cam", timeout=5)
    assert json.dumps(answers, allow_nan=False).isascii()
    assert len(format_status("cam", answers)) == 8
