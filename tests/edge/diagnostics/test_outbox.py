"""--check: the outbox, and the disk that it is on."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import pytest
from tests.support.small_disk import run_on_disk

from fer_edge.config.broker import parse_broker
from fer_edge.config.model import Config
from fer_edge.diagnostics.finding import Finding, fail, ok
from fer_edge.diagnostics.outbox import check_outbox
from fer_edge.mqtt.outbox import Outbox


def check(path: Path | None) -> Finding:
    return check_outbox(Config(camera="", broker=parse_broker("mqtt://h"), outbox=path))


def test_an_outbox_is_reported_with_its_events_and_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "outbox.sqlite"
    assert check(path).text.endswith("not there yet")
    assert not path.exists()
    outbox = Outbox(path)
    outbox.put("event")
    outbox.commit(now=True)
    assert check(path).text.endswith("in use, probably by fer-edge")
    outbox.close()
    assert check(path).level == "ok"
    assert check(path).text.endswith("1 events wait")


def test_a_damaged_outbox_is_a_warning_and_stays_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "outbox.sqlite"
    path.write_bytes(b"rubbish" * 1000)
    assert check(path).level == "warn"
    assert "it will be set aside and a new one made" in check(path).text
    assert path.read_bytes() == b"rubbish" * 1000


def test_an_outbox_in_memory_is_a_warning_unless_there_is_no_broker() -> None:
    assert check(None).level == "warn"
    assert "set mqtt.outbox" in check(None).text
    assert check_outbox(Config(camera="", broker=None)) == ok("not needed")


def test_an_outbox_that_is_no_file_fails(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    assert check(tmp_path / "fifo") == fail(f"{tmp_path / 'fifo'}: expected a file in an existing folder, or memory")


def test_an_outbox_in_no_folder_fails(tmp_path: Path) -> None:
    assert check(tmp_path / "no" / "folder") == fail(f"{tmp_path / 'no'}: no such file or directory")


@pytest.mark.parametrize(
    ("code", "cure"),
    [(sqlite3.SQLITE_FULL, "make room"), (sqlite3.SQLITE_READONLY | 1 << 8, "give the folder to the user")],
)
def test_an_error_of_sqlite_is_reported_with_the_cure_of_its_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, cure: str
) -> None:
    def refuse(path: Path) -> None:
        error = sqlite3.OperationalError("refused")
        error.sqlite_errorcode = code
        raise error

    (tmp_path / "outbox.sqlite").touch()
    monkeypatch.setattr("fer_edge.diagnostics.outbox.Store", refuse)
    finding = check(tmp_path / "outbox.sqlite")
    assert finding.level == "FAIL"
    assert f"refused: {cure}" in finding.text


CHECK = """
import sys
from pathlib import Path
from fer_edge.config.broker import parse_broker
from fer_edge.config.model import Config
from fer_edge.diagnostics.outbox import check_outbox
print(check_outbox(Config(camera="", broker=parse_broker("mqtt://h"), outbox=Path(sys.argv[1]))))
"""


@pytest.mark.parametrize(
    ("disk", "level", "text"),
    [
        ("full", "FAIL", "no space left on device: make room"),
        ("read-only", "FAIL", "read-only file system: the disk may be failing"),
        ("small", "warn", "0 MB free, and a full outbox takes 128: make room"),
    ],
)
def test_a_full_read_only_or_small_disk_is_reported(tmp_path: Path, disk: str, level: str, text: str) -> None:
    printed = run_on_disk(tmp_path, disk, CHECK)
    assert f"level='{level}'" in printed
    assert text in printed
