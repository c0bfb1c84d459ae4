"""The file with the health of a run. The check that reads it is in tests/container."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from types import SimpleNamespace

import pytest
from tests.support.clock import FakeClock
from tests.support.media import MEDIA
from tests.support.processes import run

from fer_edge.run.health_file import INTERVAL, HealthFile


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


def open_file(path: Path, clock: FakeClock) -> HealthFile:
    """The file of a run whose health is the time of its clock."""
    health = SimpleNamespace(message=lambda: {"uptime_s": clock.now})
    file = HealthFile(path)
    file.on_start(SimpleNamespace(clock=clock, open_health=lambda: health), None)  # type: ignore[arg-type]
    return file


def test_the_file_is_replaced_at_intervals(tmp_path: Path, clock: FakeClock) -> None:
    path = tmp_path / "health.json"
    file = open_file(path, clock)
    file.poll()
    started = json.loads(path.read_text())["uptime_s"]
    clock.advance(INTERVAL - 0.1)
    file.poll()
    assert json.loads(path.read_text()) == {"uptime_s": started}
    clock.advance(0.1)
    file.poll()
    assert json.loads(path.read_text()) == {"uptime_s": started + INTERVAL}
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_that_cannot_be_written_is_logged_once_until_it_can(
    tmp_path: Path, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    path = tmp_path / "later" / "health.json"
    file = open_file(path, clock)
    for _ in range(3):
        file.poll()
        clock.advance(INTERVAL)
    assert caplog.messages == [f"{path}: no such file or directory; the health of the run is not written"]
    path.parent.mkdir()
    file.poll()
    assert path.exists()


def test_a_run_with_a_runtime_directory_writes_its_health(tmp_path: Path) -> None:
    command = ("--camera", str(MEDIA / "faces" / "happy-baby.jpeg"))
    assert run("fer_edge", *command, env={"RUNTIME_DIRECTORY": str(tmp_path)}).code == 0
    (file,) = tmp_path.iterdir()
    health = json.loads(file.read_text())
    assert (health["camera"], health["frames"], health["lost"]) == ("ok", 1, 0)
