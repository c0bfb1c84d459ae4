"""Automations in a real Home Assistant, from the blueprints of the examples and from triggers of the device."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.daemon_process import DaemonProcess
from tests.support.home_assistant import PYTHON, START_TIMEOUT, HomeAssistant
from tests.support.mosquitto import Mosquitto, read_messages
from tests.support.mqtt import publish
from tests.support.waiting import wait_until

LAMP = {
    "name": "Lamp",
    "unique_id": "lamp",
    "command_topic": "lamp/set",
    "state_topic": "lamp/state",
    "rgb_command_topic": "lamp/rgb",
    "brightness_command_topic": "lamp/brightness",
}
MOOD = """
[[moods]]
name = "cheerful"
emotion = "happy"
seconds = 1
"""
CONFIGURATION = """
input_boolean:
  visitors:
    name: Visitors
automation: !include automations.yaml
"""
BLUEPRINTS: list[dict[str, Any]] = [
    {
        "path": "fer-edge/light_follows_mood.yaml",
        "input": {"emotion": "sensor.cam_emotion", "light": {"entity_id": "light.lamp"}, "lasting": 1},
    },
    {"path": "fer-edge/notify_on_mood.yaml", "input": {"moods": "event.cam_mood", "mood": "cheerful"}},
    {
        "path": "fer-edge/pause_while_present.yaml",
        "input": {"presence": ["input_boolean.visitors"], "paused": "switch.cam_paused"},
    },
]

pytestmark = pytest.mark.skipif(not PYTHON, reason="NOT TESTED, needs Home Assistant: make test-homeassistant")


@pytest.fixture
def home(mosquitto: Mosquitto, tmp_path: Path) -> Iterator[HomeAssistant]:
    publish(mosquitto, "homeassistant/light/lamp/config", json.dumps(LAMP), "-r")
    automations = [
        {"id": str(number), "alias": one["path"], "use_blueprint": one} for number, one in enumerate(BLUEPRINTS)
    ]
    (tmp_path / "automations.yaml").write_text(json.dumps(automations))
    home = HomeAssistant(tmp_path, mosquitto.port, CONFIGURATION)
    yield home
    home.close()
    assert home.warnings("cam") == []


@pytest.fixture
def daemon(mosquitto: Mosquitto, tmp_path: Path, home: HomeAssistant) -> Iterator[DaemonProcess]:
    wait_until(lambda: home.states().get("light.lamp"), START_TIMEOUT)
    (tmp_path / "config.toml").write_text(MOOD)
    daemon = DaemonProcess(mosquitto, "--config", str(tmp_path / "config.toml"), "--min-score", "0")
    wait_until(lambda: daemon.published("info"), START_TIMEOUT)
    daemon.send_command("pause")  # until Home Assistant knows its entities, so that no mood starts before
    wait_until(lambda: home.states().get("event.cam_mood") not in {None, "unavailable"}, START_TIMEOUT)
    wait_until(lambda: home.states().get("switch.cam_paused") == "on", START_TIMEOUT)
    daemon.send_command("resume")
    yield daemon
    daemon.close()


def test_the_blueprints_act_on_the_events_of_a_daemon(
    mosquitto: Mosquitto, home: HomeAssistant, daemon: DaemonProcess
) -> None:
    lamp = mosquitto.subscribe("lamp/#")
    wait_until(lambda: home.states().get("sensor.cam_emotion") == "happy", START_TIMEOUT)
    wait_until(lambda: {("lamp/rgb", "255,190,40"), ("lamp/brightness", "153")} <= set(read_messages(lamp)))
    wait_until(home.notifications, 30)
    since = [one["since"][11:19] for one in daemon.published("mood") if one["state"] == "start"]
    assert home.notifications() in [[("cheerful", f"Happy since {time}")] for time in since]

    home.call("input_boolean.turn_on", "input_boolean.visitors")
    wait_until(lambda: daemon.published("state")[-1]["paused"])
    home.call("input_boolean.turn_off", "input_boolean.visitors")
    wait_until(lambda: not daemon.published("state")[-1]["paused"])
    wait_until(lambda: [one["state"] for one in daemon.published("mood")].count("start") > len(since), 30)
    assert len(home.notifications()) == 1, "at most one in half an hour"


def test_automations_have_triggers_of_the_device(home: HomeAssistant, daemon: DaemonProcess) -> None:
    wait_until(lambda: home.attributes("event.cam_mood").get("event_type") == "start", START_TIMEOUT)
    triggers = [trigger for trigger in home.request(triggers="cam") if trigger["domain"] == "mqtt"]
    automations = [
        {
            "alias": f"{trigger['subtype']} {trigger['type']}",
            "triggers": [{key: value for key, value in trigger.items() if key != "metadata"}],
            "actions": [
                {
                    "action": "persistent_notification.create",
                    "data": {"title": trigger["type"], "message": trigger["subtype"]},
                }
            ],
        }
        for trigger in triggers
    ]
    (home.folder / "automations.yaml").write_text(json.dumps(automations))
    home.request(call="automation.reload", data={})

    def triggered() -> list[str]:
        """What the automations have reported, without the notification of the blueprint."""
        return sorted(f"{title} {text}" for title, text in home.notifications() if text in {"Face", "cheerful"})

    home.call("switch.turn_on", "switch.cam_paused")
    wait_until(lambda: triggered() == ["disappeared Face", "mood ended cheerful"])
    home.call("switch.turn_off", "switch.cam_paused")
    started = ["appeared Face", "disappeared Face", "mood ended cheerful", "mood started cheerful"]
    wait_until(lambda: triggered() == started, 30)
