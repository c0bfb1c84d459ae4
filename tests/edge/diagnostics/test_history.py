"""--check: the file of the history."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support.checks import run_check
from tests.support.history import minute
from tests.support.small_disk import run_on_disk

from fer_edge.config.history import HistoryOptions
from fer_edge.config.model import Config
from fer_edge.diagnostics.finding import Finding, ok, warn
from fer_edge.diagnostics.history import check_history
from fer_edge.history.csv_file import CsvHistory
from fer_edge.history.sqlite_file import SqliteHistory


def check(file: Path | None, days: int | None = None) -> Finding:
    return check_history(Config(camera="", broker=None, history=HistoryOptions(file, days)))


def test_without_a_history_there_is_nothing_to_check() -> None:
    assert check_history(Config(camera="", broker=None)) == ok("not configured")


@pytest.mark.parametrize("kind", [SqliteHistory, CsvHistory])
def test_a_history_is_named_and_not_touched(tmp_path: Path, kind: type[SqliteHistory] | type[CsvHistory]) -> None:
    path = tmp_path / ("history.csv" if kind is CsvHistory else "history.sqlite")
    assert check(path) == ok(f"{path}: not there yet")
    assert not path.exists(), "made by the user who runs the check, it might belong to the wrong one"
    kind(path).append([minute(1)])
    before = path.read_bytes()
    assert check(path) == ok(str(path))
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_damaged_history_is_a_warning_and_stays_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "history.sqlite"
    path.write_bytes(b"rubbish" * 1000)
    finding = check(path)
    assert finding == warn(
        f"history {path}: file is not a database: a damaged file will be set aside and a new one made"
    )
    assert path.read_bytes() == b"rubbish" * 1000


def test_with_days_alone_it_says_that_outside_of_the_service_a_file_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("STATE_DIRECTORY", raising=False)
    assert check(None, 7) == warn("outside of the service it needs a file: set history.file (--history FILE), too")
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path))
    assert check(None, 7) == ok(f"{tmp_path / 'history.sqlite'}: not there yet")


def test_a_place_where_no_file_can_be_fails_with_the_name_of_the_setting(tmp_path: Path) -> None:
    code, parts = run_check("--camera", "0", "--mqtt", "none", "--history", tmp_path / "no" / "history.csv")
    assert code == 1
    assert parts["history"].level == "FAIL"
    assert (
        parts["history"].text == f"--history {tmp_path / 'no' / 'history.csv'}: expected a file in an existing folder"
    )


CHECK = """
import sys
from pathlib import Path
from fer_edge.config.history import HistoryOptions
from fer_edge.config.model import Config
from fer_edge.diagnostics.history import check_history
print(check_history(Config(camera="", broker=None, history=HistoryOptions(Path(sys.argv[1]), None))))
"""


@pytest.mark.parametrize(
    ("disk", "text"),
    [
        ("full", "no space left on device: make room; until then minutes are kept in memory, for a day"),
        (
            "read-only",
            "read-only file system: the disk may be failing; see dmesg; until then minutes are kept in memory",
        ),
    ],
)
def test_a_disk_that_cannot_be_written_is_a_warning_since_minutes_wait_in_memory(
    tmp_path: Path, disk: str, text: str
) -> None:
    printed = run_on_disk(tmp_path, disk, CHECK)
    assert "level='warn'" in printed
    assert text in printed
