"""The sheet of what leaves the device."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fer_edge.events import SCHEMA_FILE
from fer_edge.notice.data_flow import data_flow_sheet, insert_sheet

README = Path(__file__).parents[3] / "edge" / "README.md"


def test_the_readme_has_the_current_sheet() -> None:
    text = README.read_text(encoding="utf-8")
    assert insert_sheet(text) == text, "run: python -m fer_edge.notice.data_flow edge/README.md"


@pytest.mark.parametrize("file", sorted(SCHEMA_FILE.parent.glob("*.json")), ids=lambda file: file.stem)
def test_every_field_of_every_message_is_in_the_sheet_and_no_message_may_have_another_one(file: Path) -> None:
    schema = json.loads(file.read_text())
    (row,) = [line for line in data_flow_sheet().splitlines() if f"`fer/<device>/{file.stem}`" in line]
    assert all(f"`{name}`" in row for name in schema["properties"])
    assert schema["additionalProperties"] is False
    assert ("retained on" in schema["description"]) == ("--forget" in row)


def test_a_text_without_the_marks_is_refused() -> None:
    with pytest.raises(ValueError, match="data: begin"):
        insert_sheet("# a README")
