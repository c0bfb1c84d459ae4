"""A history as CSV. What a full disk does to it is in test_recorder."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from tests.support.history import minute

from fer_edge.history.csv_file import CsvHistory

HEADER = (
    "id,ts,clock_synced,device,zone,duration_s,observed_s,nobody_s,unsure_s,face_s,most_faces,"
    "emotion_happy_s,emotion_sad_s"
)
ROW = "b00t-minute-{},2023-11-15T12:0{}:00.000Z,1,porch,{},60.0,59.5,10.5,0.0,40.5,2,20.25,20.25"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "history.csv"


def test_a_minute_is_a_row_and_so_is_each_of_its_zones(path: Path) -> None:
    CsvHistory(path).append([minute(0)])
    CsvHistory(path).append([minute(1, zone="sofa"), minute(2)])
    rows = [ROW.format(0, 0, ""), ROW.format(1, 1, ""), ROW.format(1, 1, "sofa"), ROW.format(2, 2, "")]
    assert path.read_text().splitlines() == [HEADER, *rows]


def test_names_with_commas_and_quotes_read_back(path: Path) -> None:
    CsvHistory(path).append([minute(0, 'a,"b', "zoë", zone="by the door, left")])
    with path.open(newline="", encoding="utf-8") as file:
        whole, zone = csv.DictReader(file)
    assert (whole['emotion_a,"b_s'], zone["emotion_zoë_s"], zone["zone"]) == ("20.25", "20.25", "by the door, left")


def test_a_line_that_is_cut_keeps_the_others_and_the_next_one_is_complete(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    CsvHistory(path).append([minute(0), minute(1)])
    path.write_bytes(path.read_bytes()[:-30])
    CsvHistory(path).append([minute(2)])
    CsvHistory(path).append([minute(3)])
    lines = path.read_text().splitlines()
    assert lines[:2] == [HEADER, ROW.format(0, 0, "")]
    assert lines[3:] == [ROW.format(2, 2, ""), ROW.format(3, 3, "")]
    assert [record.levelname for record in caplog.records] == ["WARNING"]


@pytest.mark.parametrize("content", [b"a;b;c\n1;2;3\n", bytes(5000), b"\xff", b"id,ts\n"])
def test_a_file_with_other_columns_is_set_aside_whole_in_one_line(
    path: Path, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    path.write_bytes(content)
    CsvHistory(path).append([minute(0)])
    assert path.read_text().splitlines() == [HEADER, ROW.format(0, 0, "")]
    aside = path.with_name("history.csv.damaged")
    assert aside.read_bytes() == content
    assert caplog.messages == [f"history {path}: has other columns; moved to {aside}; starting a new one"]


def test_another_model_begins_a_new_file(path: Path) -> None:
    CsvHistory(path).append([minute(0)])
    CsvHistory(path).append([minute(1, "awake", "asleep")])
    assert path.read_text().splitlines()[0].endswith("most_faces,emotion_awake_s,emotion_asleep_s")
    assert path.with_name("history.csv.damaged").read_text().startswith(HEADER)
