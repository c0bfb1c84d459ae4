"""The table of settings in edge/README.md."""

from __future__ import annotations

from pathlib import Path

import pytest

from fer_edge.config.reference import BEGIN, END, insert_table, settings_table
from fer_edge.config.schema import SETTINGS, TABLES

README = Path(__file__).parents[3] / "edge" / "README.md"


def test_the_table_of_the_readme_is_up_to_date() -> None:
    text = README.read_text(encoding="utf-8")
    assert text == insert_table(text), "run: python -m fer_edge.config.reference edge/README.md"


def test_only_the_text_between_the_marks_is_replaced() -> None:
    assert insert_table(f"before {BEGIN} old {END} after") == f"before {BEGIN}\n\n{settings_table()}\n{END} after"
    with pytest.raises(ValueError, match="expected the marks"):
        insert_table(f"before {BEGIN} old")


def test_every_setting_has_a_row_of_five_cells() -> None:
    head, rule, *rows = settings_table().splitlines()
    assert len(rows) == len(SETTINGS) + len(TABLES)
    assert {row.replace(r"\|", "").count("|") for row in (head, rule, *rows)} == {6}
