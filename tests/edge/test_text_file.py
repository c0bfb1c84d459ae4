"""Text files with the encodings that editors write."""

from __future__ import annotations

import os
import resource
import subprocess
from contextlib import ExitStack
from pathlib import Path

import pytest

from fer_edge.text_file import read_text


def test_a_byte_order_mark_is_no_part_of_the_text(tmp_path: Path) -> None:
    (tmp_path / "notepad").write_text("grün\n", encoding="utf-8-sig")
    (tmp_path / "nano").write_text("grün\n", encoding="utf-8")
    assert read_text(tmp_path / "notepad") == read_text(tmp_path / "nano") == "grün\n"


@pytest.mark.parametrize(
    ("encoding", "expected"),
    [
        ("utf-16", "UTF-16 text"),
        ("utf-16-be", "UTF-16 text"),  # without a mark
        ("utf-32", "UTF-16 text"),
        ("latin-1", "not UTF-8 text"),
    ],
)
def test_any_other_encoding_is_an_error_that_does_not_quote_the_text(
    tmp_path: Path, encoding: str, expected: str
) -> None:
    (tmp_path / "file").write_bytes("grün".encode(encoding))
    with pytest.raises(ValueError, match=f"^{expected}.*; save it as UTF-8$"):
        read_text(tmp_path / "file")


def test_a_fifo_is_read_and_not_waited_for_if_nothing_is_written(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    with pytest.raises(TimeoutError, match=r"nothing was written to it within 0\.1 seconds"):
        read_text(fifo, timeout=0.1)
    with subprocess.Popen(["bash", "-c", "sleep 0.1; echo one; sleep 0.1; echo two"], stdout=subprocess.PIPE) as shell:
        assert shell.stdout
        assert read_text(Path(f"/dev/fd/{shell.stdout.fileno()}")) == "one\ntwo\n"


def test_a_device_is_read_up_to_the_limit() -> None:
    assert read_text(Path("/dev/null")) == ""
    with pytest.raises(ValueError, match="longer than 100 bytes"):
        read_text(Path("/dev/zero"), 100)


def test_a_file_is_read_by_a_process_with_more_than_1024_open_files(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("text")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < 1200:
        pytest.skip("NOT TESTED: fewer open files are allowed")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 1200), hard))
    with ExitStack() as stack:
        stack.callback(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        for _ in range(1050):
            stack.callback(os.close, os.open(os.devnull, os.O_RDONLY))
        assert read_text(tmp_path / "file") == "text"
