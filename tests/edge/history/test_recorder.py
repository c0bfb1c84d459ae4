"""Real runs that keep their minutes in a file, and what becomes of minutes while the file cannot be written."""

from __future__ import annotations

import csv
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from tests.support.media import WALK
from tests.support.processes import run
from tests.support.refusals import assert_refused
from tests.support.small_disk import run_on_disk

from fer_edge.errors import EXIT_USAGE

CLIP = ("--camera", WALK, "--model", "nano", "--detector", "haar")


def test_runs_without_a_broker_append_to_a_file_or_keep_days_in_the_state_directory(tmp_path: Path) -> None:
    table, database = tmp_path / "h.csv", tmp_path / "history.sqlite"
    for flags in (("--history", table), ("--history", table), ("--history-days", "30")):
        done = run("fer_edge", *CLIP, *flags, env={"STATE_DIRECTORY": str(tmp_path)})
        assert done.code == 0, done.err
    with table.open(newline="") as lines:
        found = list(csv.DictReader(lines))
    assert len({row["id"].partition("-")[0] for row in found}) == 2
    with closing(sqlite3.connect(database)) as opened:
        face_seconds, observed = opened.execute("SELECT sum(face_s), sum(observed_s) FROM minute").fetchone()
    assert sum(float(row["observed_s"]) for row in found) == pytest.approx(2 * observed, abs=0.1)
    assert sum(float(row["face_s"]) for row in found) == pytest.approx(2 * face_seconds, abs=0.1)
    assert face_seconds > 0
    assert [file.stat().st_mode & 0o777 for file in (table, database)] == [0o600, 0o600]


@pytest.mark.parametrize(
    ("flags", "error"),
    [
        (("--history", "minutes.txt"), "--history: 'minutes.txt': expected a file that ends in .csv or .sqlite"),
        (("--history", "nosuch/h.csv"), "--history nosuch/h.csv: expected a file in an existing folder"),
        (("--history", "h.csv", "--history-days", "9"), "--history-days needs a history.file that ends in .sqlite"),
        (("--history-days", "0"), "--history-days: '0' must be a whole number from 1 to 36500"),
        (("--history-days", "9"), "--history-days needs a file: set history.file (--history FILE), too"),
    ],
)
def test_a_wrong_setting_is_one_line(flags: tuple[str, ...], error: str) -> None:
    assert_refused(run("fer_edge", *CLIP, *flags), "fer-edge: ", error, EXIT_USAGE)


FULL_DISK = """
import logging, sys
from pathlib import Path
from tests.support.history import minute
from fer_edge.config.history import HistoryOptions
from fer_edge.history.recorder import HistoryError, open_history
logging.basicConfig(stream=sys.stdout, format="%%(message)s", level=logging.INFO)
folder = Path(sys.argv[1]).parent
recorder = open_history(HistoryOptions(folder / "h%s", None))
recorder.on_start(None, None)
for number in range(5):
    recorder.on_report("minute", minute(number))
    recorder.finish()
filler = (folder / "filler").open("wb", buffering=0)
try:
    while True:
        filler.write(bytes(100))
except OSError:
    pass
for number in range(5, 90):
    recorder.on_report("minute", minute(number))
try:
    recorder.finish()
except HistoryError as error:
    print(error)
(folder / "filler").unlink()
filler.close()
recorder.on_report("minute", minute(90))
recorder.finish()
recorder.close()
if "%s" == ".csv":
    print([int(line.partition(",")[0].rpartition("-")[2]) for line in (folder / "h.csv").read_text().splitlines()[1:]])
else:
    import sqlite3
    ids = sqlite3.connect(folder / "h.sqlite").execute("SELECT id FROM minute ORDER BY rowid")
    print([int(id.rpartition("-")[2]) for id, in ids])
"""


@pytest.mark.parametrize("ending", [".csv", ".sqlite"])
def test_minutes_wait_in_memory_for_a_full_disk_and_are_written_once_in_order(tmp_path: Path, ending: str) -> None:
    lines = run_on_disk(tmp_path, "small", FULL_DISK % (ending, ending), "128k").splitlines()
    assert lines[-1] == str(list(range(91)))
    assert sum("minutes are kept in memory" in line for line in lines) == 1
    assert sum("minutes were not written: " in line for line in lines) == 1
    assert sum("is writable again" in line for line in lines) == 1
