from __future__ import annotations

import pytest

from fer_edge.config.camera import SOURCE_KINDS, SPECS, parse_size


@pytest.mark.parametrize(
    ("text", "size"), [("1280x720", (1280, 720)), ("32x32", (32, 32)), ("8192x8192", (8192, 8192))]
)
def test_a_size_is_width_and_height(text: str, size: tuple[int, int]) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize(
    "text", ["", "1280", "1280x", "1280X720", "1281x720", "1280x721", "30x32", "8194x720", "-64x64"]
)
def test_any_other_size_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="must be WIDTHxHEIGHT, even, 32 to 8192 each"):
        parse_size(text)


def test_the_help_text_lists_every_kind_of_source() -> None:
    assert all(text in SPECS for text in SOURCE_KINDS.values())
