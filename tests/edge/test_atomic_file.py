"""Files that are replaced as a whole."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from fer_edge.atomic_file import replace_file


def test_a_new_file_is_for_its_user_alone_and_nothing_else_is_left(tmp_path: Path) -> None:
    path = tmp_path / "file"
    for text in ("first, long", "é\n"):
        replace_file(path, text.encode())
        assert path.read_text(encoding="utf-8") == text
        assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_that_cannot_be_replaced_stays_as_it_was(tmp_path: Path) -> None:
    path, other = tmp_path / "file", tmp_path / "other"
    path.write_text("old")
    other.write_text("other")
    (tmp_path / "file.new").symlink_to(other)
    with pytest.raises(OSError, match="symbolic"):
        replace_file(path, b"new")
    assert (path.read_text(), other.read_text()) == ("old", "other")
    with pytest.raises(NotADirectoryError):
        replace_file(path / "file", b"new")


def test_an_existing_file_keeps_its_mode_and_what_is_left_of_a_crash_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("old")
    path.chmod(0o644)
    (tmp_path / "file.new").write_text("half of it, and longer than the next one")
    replace_file(path, b"new")
    assert (path.read_text(), path.stat().st_mode & 0o777) == ("new", 0o644)
    assert list(tmp_path.iterdir()) == [path]


def test_a_full_disk_leaves_the_old_file_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    path.write_text("old")

    def no_space(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", no_space)
    with pytest.raises(OSError, match="No space left"):
        replace_file(path, b"new")
    assert (path.read_text(), list(tmp_path.iterdir())) == ("old", [path])
