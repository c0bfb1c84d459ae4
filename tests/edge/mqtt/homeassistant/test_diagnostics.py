"""The diagnostic entities, from messages `status`, `state`, `info` and `health`."""

from __future__ import annotations

import json

import pytest
from tests.support.discovery import INFO, STATE, entities, health_message, render

HEALTH = {"fps": 12.4, "stages_ms": {"step": {"p50": 21.0, "p95": 33.5}}, "lost": 2, "temperature_c": 51.2}


@pytest.mark.parametrize(
    ("key", "payload", "value"),
    [
        ("fps", HEALTH, "12.4"),
        ("latency", HEALTH, "33.5"),
        ("latency", {**HEALTH, "stages_ms": {}}, "None"),
        ("temperature", HEALTH, "51.2"),
        ("temperature", {**HEALTH, "temperature_c": None}, "None"),
        ("lost", HEALTH, "2"),
        ("accelerator", {**INFO, "accelerator": "Edge TPU (usb:0)"}, "Edge TPU (usb:0)"),
        ("problem", STATE, "OFF"),
        ("problem", {**STATE, "problem": "camera: unplugged"}, "ON"),
    ],
)
def test_a_template_extracts_the_value_of_its_entity(key: str, payload: dict[str, object], value: str) -> None:
    assert render(entities()[key], payload) == value


def test_every_value_of_health_is_a_number() -> None:
    for key, entity in entities().items():
        if entity.get("state_topic") == "fer/a/health" and key != "temperature":  # not every machine has a thermometer
            assert float(render(entity, health_message())) >= 0


def test_the_problem_is_an_attribute() -> None:
    text = render(entities()["problem"], {**STATE, "problem": 'camera: "x"'}, "json_attributes_template")
    assert json.loads(text) == {"problem": 'camera: "x"'}


def test_the_connectivity_is_available_while_the_device_is_offline() -> None:
    connectivity = entities()["connectivity"]
    assert connectivity["availability_topic"] == connectivity["state_topic"] == "fer/a/status"
    assert connectivity["availability_template"] == "online"
    assert (connectivity["payload_on"], connectivity["payload_off"]) == ("online", "offline")
