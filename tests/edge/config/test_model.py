"""The typed configuration: names and defaults."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from fer_edge.config.model import (
    DEFAULT_MODEL,
    MAX_DEFAULT_THREADS,
    SHIPPED,
    default_device,
    default_threads,
    parse_device,
    parse_discovery,
    parse_model,
)
from fer_edge.errors import UsageError


def test_a_device_name_has_only_the_letters_that_topics_allow() -> None:
    assert parse_device("front-door_2") == "front-door_2"
    assert parse_device(default_device())
    for text in ("", "a/b", "a b", "+", "#", "é", "a\n"):
        with pytest.raises(UsageError, match="only the letters"):
            parse_device(text)


def test_the_default_device_is_the_host_name_in_these_letters(monkeypatch: pytest.MonkeyPatch) -> None:
    for host, device in (("porch", "porch"), ("front door.lan", "front-door-lan"), ("...", "fer-edge")):
        monkeypatch.setattr("socket.gethostname", lambda host=host: host)
        assert default_device() == device


def test_a_discovery_prefix_can_begin_a_topic_or_is_none() -> None:
    assert parse_discovery("homeassistant") == "homeassistant"
    assert parse_discovery("my/ha") == "my/ha"
    assert parse_discovery("none") is None
    for text in ("", "/", "a/", "/a", "a//b", "a/+", "#", "a b", "a\n", "a\0"):
        with pytest.raises(UsageError, match="expected the prefix of Home Assistant's topics, or none"):
            parse_discovery(text)


def test_a_shipped_model_is_known_by_its_name_and_any_other_by_its_path() -> None:
    assert parse_model("base") == DEFAULT_MODEL
    assert all(parse_model(name).is_file() for name in SHIPPED)
    assert parse_model("/tmp/own.tflite") == Path("/tmp/own.tflite")  # noqa: S108  it is not opened


@pytest.mark.parametrize(("cores", "threads"), [(1, 1), (2, 1), (4, 3), (64, MAX_DEFAULT_THREADS)])
def test_by_default_one_core_stays_free(monkeypatch: pytest.MonkeyPatch, cores: int, threads: int) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(cores)))
    assert default_threads() == threads
