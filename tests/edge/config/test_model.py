from __future__ import annotations

import pytest

from fer_edge.config.model import Config, default_device, parse_accelerator, parse_device, parse_discovery
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


@pytest.mark.parametrize("spec", ["auto", "cpu", "edgetpu:usb:0", "delegate:/opt/my lib.so?a=1&b=2", "next-one:x"])
def test_an_accelerator_is_a_name_perhaps_with_an_argument(spec: str) -> None:
    assert parse_accelerator(spec) == spec


@pytest.mark.parametrize("spec", ["", ":", "edgetpu:", "auto ", "a gpu", "/opt/lib.so"])
def test_an_accelerator_of_another_form_is_refused(spec: str) -> None:
    with pytest.raises(UsageError, match="expected auto, or NAME or NAME:ARGUMENT, such as cpu or edgetpu:usb:0"):
        parse_accelerator(spec)


@pytest.mark.parametrize(("cores", "threads"), [(1, 1), (2, 1), (4, 3), (16, 3)])
def test_one_core_stays_free_by_default(monkeypatch: pytest.MonkeyPatch, cores: int, threads: int) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda pid: set(range(cores)))
    assert Config("0", None).threads == threads
