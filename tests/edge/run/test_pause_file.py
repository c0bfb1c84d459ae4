"""The file that keeps a pause. A whole daemon that is killed while it is paused is in tests/edge/mqtt/test_device."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.support.small_disk import run_on_disk

from fer_edge.config.model import find_pause_file
from fer_edge.run.controls import RunControls
from fer_edge.run.pause_file import PauseFile


def controls(path: Path | None) -> RunControls:
    return RunControls(None, PauseFile(path))  # type: ignore[arg-type]  # a pause does not touch the pipeline


def test_a_pause_is_kept_until_it_is_resumed(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "paused"
    first = controls(path)
    assert not first.paused
    first.paused = True
    assert path.stat().st_mode & 0o777 == 0o600
    second = controls(path)
    assert second.paused
    assert f"{path}: paused before the restart; paused, and the camera stays off" in caplog.text
    second.paused = False
    assert not controls(path).paused
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(bytes(1024)),
        lambda path: path.symlink_to("nowhere"),
        lambda path: path.mkdir(),
    ],
    ids=["empty", "zeros", "a link to nothing", "a folder"],
)
def test_a_damaged_file_is_a_pause(tmp_path: Path, damage: Callable[[Path], object]) -> None:
    damage(tmp_path / "paused")
    assert controls(tmp_path / "paused").paused


def test_a_file_that_cannot_be_read_is_a_pause(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").touch()
    assert controls(tmp_path / "file" / "paused").paused
    assert "not a directory, so it is unknown whether the last run was paused" in caplog.text


def test_without_a_file_a_pause_ends_with_the_run_and_the_log_has_it(caplog: pytest.LogCaptureFixture) -> None:
    run = controls(None)
    run.paused = True
    assert "paused until the end of this run only" in caplog.text
    assert not controls(None).paused


PAUSE = """
import logging, sys
from pathlib import Path
from fer_edge.run.controls import RunControls
from fer_edge.run.pause_file import PauseFile
logging.basicConfig(stream=sys.stdout, format="%(message)s")
run = RunControls(None, PauseFile(Path(sys.argv[1])))
run.paused = True
print(run.paused)
"""


def test_a_pause_that_cannot_be_kept_is_a_pause_and_the_log_has_it(tmp_path: Path) -> None:
    warning, paused = run_on_disk(tmp_path, "read-only", PAUSE).splitlines()
    assert warning == f"{tmp_path / 'outbox.sqlite'}: read-only file system; a restart ends the pause"
    assert paused == "True"


def test_a_pause_that_cannot_be_removed_is_over_and_the_log_has_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "paused").mkdir()
    caplog.set_level(logging.INFO)
    run = controls(tmp_path / "paused")
    run.paused = False
    assert not run.paused
    assert "is a directory; a restart is paused again" in caplog.text
    (tmp_path / "paused").rmdir()
    run.paused = False
    assert f"resumed ({tmp_path / 'paused'} removed)" in caplog.text


def test_the_file_is_in_the_state_directory_or_beside_the_outbox() -> None:
    outbox = Path("/data/outbox.sqlite")
    state = {"STATE_DIRECTORY": "/var/lib/fer-edge"}
    assert find_pause_file(outbox, state) == find_pause_file(None, state) == Path("/var/lib/fer-edge/paused")
    assert find_pause_file(outbox, {}) == Path("/data/outbox.sqlite.paused")
    assert find_pause_file(None, {}) is None
