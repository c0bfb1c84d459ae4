from __future__ import annotations

import pytest

from fer_edge.config.model import default_device, parse_device, parse_discovery
from fer_edge.errors import UsageError


def test_a_device_is_named_in_letters_that_topics_allow() -> None:
    assert parse_device("front-door_2") == "front-door_2"
    assert parse_device(default_device())
    for text in ("", "a/b", "a b", "+", "#", "é", "a\n"):
        with pytest.raises(UsageError, match="only the letters"):
            parse_device(text)


def test_discovery_goes_under_what_can_begin_a_topic_or_nowhere() -> None:
    assert parse_discovery("homeassistant") == "homeassistant"
    assert parse_discovery("my/ha") == "my/ha"
    assert parse_discovery("none") is None
    for text in ("", "/", "a/", "/a", "a//b", "a/+", "#", "a b", "a\n", "a\0"):
        with pytest.raises(UsageError, match="expected what Home Assistant's topics begin with"):
            parse_discovery(text)
