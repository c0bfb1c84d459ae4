"""Zones are written into the configuration file of a run: all of it or nothing, and no other line."""

from __future__ import annotations

import json
import os
import tomllib
from pathlib import Path
from typing import Any

import pytest
from tests.support.small_disk import run_on_disk

from fer_edge.config.loader import resolve
from fer_edge.config.zone_file import ChangedFileError, ZoneFile, open_zone_file

DOOR = {"name": "door", "box": [0, 0, 0.4, 1]}
SOFA = {"name": "sofa", "polygon": [[0.5, 0.5], [1, 0.5], [1, 1]], "ignore": True}
TEXT = '# mine\n[web]\nlisten = "8080"  # here\n[[zones]]\nname = "door"\nbox = [0, 0, 0.4, 1]\n'
MOOD = '[[moods]]\nname = "visitor"\nemotion = "happy"\nseconds = 3\nzone = "door"\n'


def open_file(path: Path) -> ZoneFile:
    return open_zone_file(path, resolve({}, {}, path))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "config.toml"
    path.write_text(TEXT)
    path.chmod(0o640)
    return path


def test_zones_are_written_as_a_run_reads_them_and_again(file: Path) -> None:
    zones = open_file(file)
    assert zones.tables == [DOOR]
    for tables in ([DOOR, SOFA], [SOFA], [], [DOOR]):
        written = zones.write(tables)
        assert [zone.name for zone in written] == [table["name"] for table in tables]
        assert open_file(file).tables == zones.tables == tables or (not tables and open_file(file).tables == ())
        assert file.read_text().startswith(TEXT.partition("[[zones]]")[0])
        assert (file.stat().st_mode & 0o777, list(file.parent.iterdir())) == (0o640, [file])


def test_a_link_stays_a_link_and_the_mark_of_notepad_stays(file: Path, tmp_path: Path) -> None:
    file.write_bytes(b"\xef\xbb\xbf" + TEXT.replace("\n", "\r\n").encode())
    link = tmp_path / "link.toml"
    link.symlink_to(file)
    open_file(link).write([DOOR, SOFA])
    content = file.read_bytes()
    assert link.is_symlink()
    assert content.startswith(b"\xef\xbb\xbf# mine\r\n")
    assert content.count(b"\n") == content.count(b"\r\n")


@pytest.mark.parametrize(
    ("tables", "message"),
    [
        ([DOOR, DOOR], "zone 2 'door': name: an earlier zone has the same name; each needs its own"),
        ([{**DOOR, "box": [0.9, 0, 0.4, 1]}], "box: [0.9, 0.0, 0.4, 1.0] must end inside the image"),
        ([{"name": f"{number}", "box": [0, 0, 1, 1]} for number in range(65)], "65 zones are too many"),
        ([{**DOOR, "colour": "red"}], "'colour' is unknown"),
        ([SOFA], "moods: 'visitor': zone 'door' must be one of 'sofa'"),
    ],
)
def test_wrong_zones_change_nothing(file: Path, tables: list[dict[str, Any]], message: str) -> None:
    file.write_text(TEXT + MOOD)
    zones = open_file(file)
    with pytest.raises(ValueError, match="zone") as raised:
        zones.write(tables)
    assert message in str(raised.value).replace('"', "'")
    assert file.read_text() == TEXT + MOOD
    assert zones.tables == [DOOR]


@pytest.mark.parametrize("change", ["another line", "gone", "a folder"])
def test_a_file_that_was_changed_meanwhile_is_left_alone(file: Path, change: str) -> None:
    zones = open_file(file)
    file.unlink()
    if change == "another line":
        file.write_text(TEXT + "# changed\n")
    if change == "a folder":
        file.mkdir()
    with pytest.raises((ChangedFileError, IsADirectoryError)) as raised:
        zones.write([SOFA])
    assert change == "a folder" or "was changed since the sensor has read it: restart the sensor" in str(raised.value)
    assert [path.name for path in file.parent.iterdir()] == ([] if change == "gone" else [file.name])


def test_without_a_file_or_with_a_pipe_nothing_can_be_written(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (None, tmp_path / "missing", tmp_path / "pipe"):
        zones = ZoneFile(path)
        assert zones.problem == "the sensor was started without a configuration file"
        with pytest.raises(OSError, match="without a configuration file"):
            zones.write([DOOR])


SCRIPT = f"""
import errno, json, os, subprocess, sys
from pathlib import Path
from fer_edge.config.zone_file import ZoneFile
file = Path(sys.argv[1]).with_name("config.toml")
file.write_text({TEXT!r})
zones = ZoneFile(file)
if COMMAND:
    subprocess.run(COMMAND.replace("DISK", str(file.parent)), shell=True, stderr=subprocess.DEVNULL)
try:
    zones.write([{SOFA!r}])
    result = "written"
except OSError as error:
    result = error.strerror
print(json.dumps([result, file.read_text(), sorted(os.listdir(file.parent)), zones.problem]))
"""


@pytest.mark.parametrize(
    ("command", "result"),
    [
        ("", "written"),
        ("head -c 1M /dev/zero > DISK/rubbish", "No space left on device"),
        ("mount -o remount,ro none DISK", "Read-only file system"),
    ],
)
def test_a_full_or_read_only_disk_loses_nothing(tmp_path: Path, command: str, result: str) -> None:
    script = f"COMMAND = {command!r}\n{SCRIPT}"
    outcome, text, names, problem = json.loads(run_on_disk(tmp_path, "small", script))
    assert outcome == result
    assert [name for name in names if name != "rubbish"] == ["config.toml"]
    assert text == TEXT or (result == "written" and tomllib.loads(text)["zones"] == [SOFA])
    assert bool(problem) == (result == "Read-only file system")
