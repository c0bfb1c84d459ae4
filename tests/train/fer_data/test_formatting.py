"""Numbers and tables as text."""

from __future__ import annotations

from fer_data.formatting import MAX_LISTED, aligned, counted, listed, number, percent, printable


def test_unknown_values_are_dashes() -> None:
    assert (percent(0.1234), percent(0.1234, 2), percent(None)) == ("12.3 %", "12.34 %", "-")
    assert (number(0.98765), number(None)) == ("0.988", "-")


def test_a_noun_is_plural_unless_there_is_one() -> None:
    assert (counted(1, "pair"), counted(0, "pair"), counted(1234, "face")) == ("1 pair", "0 pairs", "1,234 faces")


def test_columns_are_aligned_without_trailing_blanks() -> None:
    assert aligned([("a", "bb", "c"), ("long", "b", "")]) == "a     bb  c\nlong  b"


def test_a_list_of_names_is_one_short_line() -> None:
    assert listed(["a", "b"]) == "a, b"
    assert listed(["a"] * (MAX_LISTED + 2)) == f"{'a, ' * MAX_LISTED}... (7 in all)"
    assert len(listed(["x" * 10_000] * 10_000)) < 600


def test_what_would_break_a_line_or_its_encoding_is_escaped() -> None:
    assert printable("é怒\n\x1b[0m\udcfc") == r"é怒\n\x1b[0m\udcfc"
