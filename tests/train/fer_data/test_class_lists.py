"""Class names in the value of a flag."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fer_data.class_lists import escape, split_assignment, split_list, unescape

NAMES = st.text(r"ab \\,+=.", min_size=1, max_size=8).map(str.strip).filter(bool)


@given(names=st.lists(NAMES, min_size=1, max_size=4), target=NAMES, separator=st.sampled_from(",+"))
def test_escaped_names_are_read_back(names: list[str], target: str, separator: str) -> None:
    text = f" {separator} ".join(map(escape, names))
    assert list(map(unescape, split_list(text, separator))) == names
    parts, name = split_assignment(f"{text} = {escape(target)}")
    assert list(map(unescape, split_list(parts, separator))) == names
    assert unescape(name) == target


@pytest.mark.parametrize(
    ("text", "parts"),
    [("a, b", ["a", "b"]), (",a,,", ["a"]), (r"a\,b,c", [r"a\,b", "c"]), (r"a\\,c", [r"a\\", "c"]), (r"a\b", [r"a\b"])],
)
def test_a_separator_after_a_backslash_does_not_separate(text: str, parts: list[str]) -> None:
    assert split_list(text, ",") == parts


def test_an_assignment_ends_at_the_first_equals_sign_that_is_not_escaped() -> None:
    assert split_assignment("a+b = c=d") == ("a+b", "c=d")
    assert split_assignment(r"x\=y=z") == (r"x\=y", "z")
    assert split_assignment("a") == ("a", "")
    assert unescape(r"C:\faces") == r"C:\faces"
