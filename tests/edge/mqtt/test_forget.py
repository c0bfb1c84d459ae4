"""fer-edge --forget against a real Mosquitto."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support.media import WALK
from tests.support.mosquitto import Mosquitto, read_messages
from tests.support.network import free_port
from tests.support.processes import Run, run
from tests.support.waiting import wait_until

from fer_edge.config.broker import Broker
from fer_edge.mqtt.exchange import ExchangeError
from fer_edge.mqtt.forget import forget_device
from fer_edge.mqtt.outbox import Outbox
from fer_edge.mqtt.publisher import Publisher

FACE = WALK.parent / "faces" / "astronaut.png"


def fer_edge(broker: str, *arguments: object, device: str = "porch") -> Run:
    return run("fer_edge", "--mqtt", broker, "--device", device, *arguments)


def retained(broker: Mosquitto) -> dict[str, str]:
    """What the broker retains: all of it arrives before the probe that `subscribe` waits for."""
    return dict(read_messages(broker.subscribe("#")))


def test_everything_a_run_retained_is_removed_and_another_device_stays(mosquitto: Mosquitto) -> None:
    for device in ("porch", "porch2"):
        assert fer_edge(mosquitto.url, "--camera", FACE, "--discovery", "ha", device=device).code == 0
    left = retained(mosquitto)
    assert {topic for topic in left if "2" not in topic} == {
        "fer/porch/info",
        "fer/porch/settings",
        "fer/porch/state",
        "fer/porch/status",
        "ha/device/fer-edge-porch/config",
    }
    done = fer_edge(mosquitto.url, "--forget", "--discovery", "ha")
    assert (done.code, done.out, done.err) == (0, f"{mosquitto.url} has forgotten porch\n", "")
    assert retained(mosquitto) == {topic: text for topic, text in left.items() if "2" in topic}


def test_an_unknown_device_can_be_forgotten(mosquitto: Mosquitto) -> None:
    assert fer_edge(mosquitto.url, "--forget", "--discovery", "none").code == 0
    assert retained(mosquitto) == {}


def test_forgetting_an_online_device_is_an_error(mosquitto: Mosquitto) -> None:
    with Publisher(Broker("127.0.0.1", mosquitto.port), None, "porch", Outbox()) as daemon:
        assert daemon.flush(10)
        wait_until(lambda: "fer/porch/status" in retained(mosquitto))
        done = fer_edge(mosquitto.url, "--forget")
        assert (done.code, done.out) == (1, "")
        assert done.err.splitlines() == [
            "fer-edge: porch was online: if its daemon still runs, stop it and use --forget once more"
        ]
        assert daemon.connected
    assert retained(mosquitto) == {"fer/porch/status": "offline"}
    assert fer_edge(mosquitto.url, "--forget").code == 0
    assert retained(mosquitto) == {}


def test_an_unreachable_broker_is_reported_in_one_line() -> None:
    done = fer_edge(f"mqtt://127.0.0.1:{free_port()}", "--forget")
    assert (done.code, done.out) == (1, "")
    assert len(done.err.splitlines()) == 1
    assert "connection refused" in done.err


def test_a_refusal_is_reported(mosquitto: Mosquitto, tmp_path: Path) -> None:
    mosquitto.stop()
    rules = tmp_path / "acl"
    rules.write_text("topic write fer/cam/#\ntopic read #\n")
    mosquitto.start(f"allow_anonymous true\nacl_file {rules}")
    broker = Broker("127.0.0.1", mosquitto.port)
    with pytest.raises(ExchangeError, match=r"homeassistant/device/fer-edge-cam/config: Not authorized"):
        forget_device(broker, None, "cam", "homeassistant")
    forget_device(broker, None, "cam", None)


def test_a_broker_is_required() -> None:
    done = fer_edge("none", "--forget")
    assert done.code == 2
    assert "--mqtt" in done.err
