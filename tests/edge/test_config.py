from __future__ import annotations

import pytest

from fer_edge.config import default_device, parse_device
from fer_edge.errors import UsageError


def test_a_device_is_named_in_letters_that_topics_allow() -> None:
    assert parse_device("front-door_2") == "front-door_2"
    assert parse_device(default_device())
    for text in ("", "a/b", "a b", "+", "#", "é", "a\n"):
        with pytest.raises(UsageError, match="--device"):
            parse_device(text)
