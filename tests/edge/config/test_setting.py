"""One setting: the values that it accepts, and its names."""

from __future__ import annotations

import math

import pytest

from fer_edge.config.schema import COUNT, FLIP, FRACTION, PROBABILITY, RATE, SWITCH, TEXT
from fer_edge.config.setting import Setting, ValueType

NEVER_IN_RANGE = (-1, math.nan, math.inf, 10**400, True)


@pytest.mark.parametrize(
    ("value_type", "value"),
    [(FRACTION, 0.5), (PROBABILITY, 0), (PROBABILITY, 1), (RATE, 1000), (COUNT, 1), (COUNT, 1024), (FLIP, "h")],
)
def test_a_value_in_range_is_accepted(value_type: ValueType, value: object) -> None:
    assert value_type.check(value) == value


@pytest.mark.parametrize(
    ("value_type", "value"),
    [
        *((value_type, value) for value_type in (FRACTION, PROBABILITY, RATE) for value in NEVER_IN_RANGE),
        (FRACTION, 0),
        (FRACTION, 1),
        (RATE, 0),
        (COUNT, 1.0),
        (COUNT, 1025),
        (FLIP, "x"),
        (FLIP, []),
        (SWITCH, 1),
        (TEXT, None),
    ],
)
def test_a_value_out_of_range_or_of_another_type_is_refused(value_type: ValueType, value: object) -> None:
    with pytest.raises(ValueError, match=f" must be {value_type.description}$"):
        value_type.check(value)


def test_a_text_becomes_a_number_only_where_all_values_are_texts() -> None:
    assert PROBABILITY.check("0.5", strict=False) == 0.5
    assert SWITCH.check("true", strict=False) is True
    with pytest.raises(ValueError, match=r"'0\.5' must be a number from 0 to 1"):
        PROBABILITY.check("0.5")


def test_a_wrong_value_is_quoted_briefly_and_without_a_password() -> None:
    with pytest.raises(ValueError, match="must be") as refusal:
        COUNT.check("rtsp://me:hunter2@h/" + "x" * 1000)
    assert "hunter2" not in str(refusal.value)
    assert len(str(refusal.value)) < 150


def test_section_name_and_variable_follow_from_key_and_flag() -> None:
    setting = Setting("mqtt.password_file", "--mqtt-password-file", TEXT, "broker.password_file", "help")
    assert (setting.section, setting.name) == ("mqtt", "password_file")
    assert setting.variable == "FER_EDGE_MQTT_PASSWORD_FILE"


def test_a_default_may_depend_on_the_environment_and_is_described() -> None:
    setting = Setting("a.b", "--b", TEXT, "b", "help", default=lambda environment: environment["X"], default_text="X")
    assert setting.default_in({"X": "here"}) == "here"
    assert setting.describe_default() == "X"
    assert Setting("a.b", "--b", SWITCH, "b", "help", default=False).describe_default() == "off"
    assert Setting("a.b", "--b", COUNT, "b", "help", default=3).describe_default() == "3"
