"""The output folder of a command."""

from __future__ import annotations

from pathlib import Path

import pytest

from fer_data.output_folder import check_empty, check_outside, output_folder
from fer_edge.errors import UsageError


def test_the_data_and_folders_inside_it_are_refused(tmp_path: Path) -> None:
    check_outside(tmp_path / "data", tmp_path / "out")
    for out, message in ((tmp_path / "data", "is the data itself"), (tmp_path / "data" / "x" / "out", "lies in")):
        with pytest.raises(UsageError, match=message):
            check_outside(tmp_path / "data", out)


def test_a_link_to_itself_is_refused_where_it_is_read_or_written(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "data").mkdir()
    check_outside(tmp_path / "loop", tmp_path / "out")
    check_outside(tmp_path / "data", tmp_path / "loop")
    with pytest.raises(UsageError, match="loop: File exists"), output_folder(tmp_path / "loop"):
        pass


def test_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="is a file: give a folder"):
        check_outside(tmp_path / "data", tmp_path / "file")


def test_a_folder_that_is_not_empty_is_refused(tmp_path: Path) -> None:
    check_empty(tmp_path)
    check_empty(tmp_path / "nosuch")
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="is not empty: give a new folder"):
        check_empty(tmp_path)


def test_the_folder_is_created_and_write_errors_are_usage_errors(tmp_path: Path) -> None:
    with output_folder(tmp_path / "a" / "b"):
        (tmp_path / "a" / "b" / "file").touch()
    with pytest.raises(UsageError, match=r"--out .*/b: No space left"), output_folder(tmp_path / "b"):
        raise OSError(28, "No space left on device")
