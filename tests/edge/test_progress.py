"""The bar of a run over a file, on a real pseudo-terminal, with tqdm and without."""

from __future__ import annotations

import io
import os
import pty
import subprocess
import sys
import termios

import pytest
from tests.support import WALK, command, run

from fer_edge.progress import CLEAR, bar


class Terminal(io.StringIO):
    """What is written to a terminal."""

    def isatty(self) -> bool:
        return True


def test_without_tqdm_the_bar_is_our_own_and_is_gone_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tqdm", None)
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    assert list(bar(iter("abcd"), "clip.mp4", "frame", 4)) == list("abcd")
    looks = terminal.getvalue().split(CLEAR)
    assert looks[1] == f"clip.mp4: [{' ' * 30}] 0/4 frames"
    assert looks[-1] == ""


def test_a_bar_that_is_left_early_is_gone_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tqdm", None)
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    items = bar(iter("abcd"), "clip.mp4", "frame")
    next(items)
    assert terminal.getvalue() == f"{CLEAR}clip.mp4: 0 frames"
    del items
    assert terminal.getvalue().endswith(CLEAR)


def test_a_pipe_gets_no_bar() -> None:
    assert "/41" not in run("fer_edge", "--camera", WALK, "--mqtt", "none").err


@pytest.mark.parametrize("more", [(), ("--print",)])
def test_a_file_has_a_bar_on_a_terminal_unless_events_are_printed_there(more: tuple[str, ...]) -> None:
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 100))
    arguments = command("fer_edge", "--camera", WALK, "--mqtt", "none", *more)
    with subprocess.Popen(arguments, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        said = b""
        try:
            while chunk := os.read(ours, 4096):
                said += chunk
        except OSError:
            pass  # what a terminal says when its other end has gone
        assert process.wait(60) == 0
    os.close(ours)
    assert (b"/41" in said) == (not more)
