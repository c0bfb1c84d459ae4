"""Markdown tables."""

from __future__ import annotations

from fer_convert.markdown import table


def test_a_table_is_aligned_and_escapes_pipes() -> None:
    assert table(("name", "count"), [("a|b", 1), ("long name", 22222222)]).splitlines() == [
        "| name      |    count |",
        "| --------- | -------: |",
        r"| a\|b      |        1 |",
        "| long name | 22222222 |",
    ]
