"""The progress bar: its text, and on a real pseudo-terminal when it appears."""

from __future__ import annotations

import io
import os
import pty
import subprocess
import termios

import pytest
from tests.support.clock import FakeClock
from tests.support.media import WALK
from tests.support.processes import command, run

from fer_edge.progress import CLEAR, UPDATE_INTERVAL, bar


class Terminal(io.StringIO):
    """A stream that claims to be a terminal."""

    def isatty(self) -> bool:
        return True


def test_the_bar_shows_count_and_remaining_time_and_is_erased_at_the_end() -> None:
    terminal, clock = Terminal(), FakeClock()
    items = []
    for item in bar(iter("abcd"), "clip.mp4", "frame", 4, stream=terminal, clock=clock.monotonic):
        items.append(item)
        clock.advance(20.0)
    assert items == list("abcd")
    updates = terminal.getvalue().split(CLEAR)
    assert updates[1] == f"clip.mp4: [{' ' * 30}] 0/4 frames"
    assert updates[2] == f"clip.mp4: [{'#' * 7}{' ' * 23}] 1/4 frames, 1:00 left"
    assert updates[-1] == ""


def test_the_bar_takes_its_total_from_the_length_of_the_items() -> None:
    terminal = Terminal()
    next(bar("abcd", "clip.mp4", "frame", stream=terminal))
    assert "0/4 frames" in terminal.getvalue()


def test_the_bar_is_not_redrawn_for_every_item() -> None:
    terminal, clock = Terminal(), FakeClock()
    for _ in bar(range(100), "read", "row", stream=terminal, clock=clock.monotonic):
        clock.advance(UPDATE_INTERVAL / 10)
    assert terminal.getvalue().count("rows") <= 11


def test_a_bar_of_unknown_length_counts_and_is_erased_when_left_early() -> None:
    terminal = Terminal()
    items = bar(iter("abcd"), "clip.mp4", "frame", stream=terminal)
    next(items)
    assert terminal.getvalue() == f"{CLEAR}clip.mp4: 0 frames"
    del items
    assert terminal.getvalue().endswith(CLEAR)


def test_a_stream_that_is_no_terminal_gets_no_bar() -> None:
    stream = io.StringIO()
    assert list(bar("abcd", "clip.mp4", "frame", stream=stream)) == list("abcd")
    assert stream.getvalue() == ""
    assert "/41" not in run("fer_edge", "--camera", WALK, "--mqtt", "none").err


@pytest.mark.parametrize("flags", [(), ("--print",)])
def test_a_file_gets_a_bar_on_a_terminal_unless_events_are_printed_there(flags: tuple[str, ...]) -> None:
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 100))
    arguments = command("fer_edge", "--camera", WALK, "--mqtt", "none", *flags)
    with subprocess.Popen(arguments, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        output = b""
        try:
            while chunk := os.read(ours, 4096):
                output += chunk
        except OSError:
            pass  # how a pseudo-terminal reports that its other end is closed
        assert process.wait(60) == 0
    os.close(ours)
    assert (b"/41" in output) == (not flags)
