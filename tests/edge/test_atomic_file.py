"""Files that are replaced as a whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from fer_edge.atomic_file import replace_file


def test_a_file_is_replaced_for_its_user_alone_and_nothing_else_is_left(tmp_path: Path) -> None:
    path = tmp_path / "file"
    for text in ("first, long", "é\n"):
        replace_file(path, text)
        assert path.read_text(encoding="utf-8") == text
        assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_that_cannot_be_replaced_stays_as_it_was(tmp_path: Path) -> None:
    path, other = tmp_path / "file", tmp_path / "other"
    path.write_text("old")
    other.write_text("other")
    (tmp_path / "file.new").symlink_to(other)
    with pytest.raises(OSError, match="symbolic"):
        replace_file(path, "new")
    assert (path.read_text(), other.read_text()) == ("old", "other")
    with pytest.raises(NotADirectoryError):
        replace_file(path / "file", "new")
