"""The controls send requests that the commands accept."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.support.commands import CommandBench
from tests.support.discovery import STATE, entities, render


def send(bench: CommandBench, entity: dict[str, Any], payload: str) -> dict[str, Any]:
    """Send what an entity publishes to its command; return the reply."""
    topic, _, name = entity["command_topic"].rpartition("/cmd/")
    assert topic == "fer/a"
    return bench.request(name, payload.encode())


def test_the_switch_pauses_and_has_the_state() -> None:
    switch, bench = entities()["paused"], CommandBench()
    assert send(bench, switch, switch["payload_on"]) == {"ok": True, "paused": True}
    assert send(bench, switch, switch["payload_off"]) == {"ok": True, "paused": False}
    states = [render(switch, {**STATE, "paused": paused}) for paused in (True, False)]
    assert states == [switch["state_on"], switch["state_off"]] == ["true", "false"]


@pytest.mark.parametrize(
    ("option", "unit", "scale"), [("min_score", "%", 100), ("min_face", "%", 100), ("rate", "Hz", 1)]
)
def test_a_number_accepts_the_range_of_its_setting_in_its_unit(option: str, unit: str, scale: float) -> None:
    number, bench = entities()[option], CommandBench()
    assert number["unit_of_measurement"] == unit
    for value in (number["min"], number["max"], 45.5, 7):
        reply = send(bench, number, render(number, value, "command_template"))
        assert reply["ok"], (value, reply)
        assert getattr(bench.pipeline.options, option) == pytest.approx(value / scale)
        settings = bench.context.settings.values()
        assert float(render(number, settings)) == pytest.approx(value)
    assert not send(bench, number, f'{{"{option}": {number["max"] / scale + 1}}}')["ok"]


def test_a_minimum_score_of_the_model_file_is_unknown() -> None:
    assert render(entities()["min_score"], CommandBench().context.settings.values()) == "None"


def test_buttons_restart_and_reset_the_settings() -> None:
    found, bench = entities(), CommandBench()
    bench.request("set", {"rate": 5})
    assert send(bench, found["reset"], found["reset"]["payload_press"])["rate"] == 10
    assert send(bench, found["restart"], found["restart"]["payload_press"]) == {"ok": True}
    assert bench.controls.restarting


def test_a_snapshot_is_a_button_and_an_image_only_if_pictures_are_allowed() -> None:
    button = entities(snapshots=True)["take_snapshot"]
    assert json.loads(button["payload_press"]) == {"image": True}
    assert (
        send(CommandBench(allow_snapshots=True), button, button["payload_press"])["error"] == "there is no picture now"
    )
    assert entities(snapshots=True)["snapshot"]["image_topic"] == "fer/a/image"
    assert not {"snapshot", "take_snapshot"} & entities().keys()
