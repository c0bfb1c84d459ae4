"""Standard streams whose readers may be slow, blocked or absent: writing to them never holds up the run."""

from __future__ import annotations

import atexit
import contextlib
import io
import os
import select
import stat
import sys
import threading
from collections import deque
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

MAX_STDERR_LINES = 1000  # lines that wait to be written to stderr
FULL_TIMEOUT = 0.1  # seconds to wait for room among them before the first line is omitted
EXIT_TIMEOUT = 0.5  # seconds to write what is left of stderr at exit


def prepare_streams() -> None:
    """Open /dev/null in place of each standard stream that was closed before the start, and let stdout take any text.

    Without /dev/null the next file opened, perhaps the outbox, would get the descriptor of the closed stream, and
    native code that prints a message would write into that file.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            stream = open(os.devnull, mode)  # noqa: SIM115, PTH123 - for the rest of the process
            os.set_inheritable(stream.fileno(), True)
            setattr(sys, name, stream)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # file names need not be UTF-8, nor is every terminal


class UnbufferedFile(io.FileIO):
    """Writes everything it is given, even if another process has made the pipe non-blocking."""

    def write(self, data: ReadableBuffer, /) -> int:
        """Write all of `data`."""
        rest = memoryview(data).cast("B")
        size = len(rest)
        while rest:
            count = super().write(rest)
            if count is None:
                poll = select.poll()
                poll.register(self.fileno(), select.POLLOUT)
                poll.poll()
            else:
                rest = rest[count:]
        return size


def open_unbuffered(stream: TextIO) -> TextIO:
    """A second stream on the same descriptor, in UTF-8 and without a buffer.

    A thread that is blocked in a buffered stream holds a lock that the interpreter needs in order to exit.
    """
    file = UnbufferedFile(stream.fileno(), "w", closefd=False)
    return io.TextIOWrapper(file, encoding="utf-8", errors="backslashreplace", newline="\n", write_through=True)


class BackgroundWriter:
    """Writes texts in order from a thread of its own, so that a blocked stream blocks nothing else.

    Attributes:
        error: What ended the writing for good; None as long as it works.
    """

    def __init__(self, stream: TextIO, max_pending: int) -> None:
        """`max_pending` is the number of texts that may wait to be written."""
        self.error: OSError | None = None
        self._stream, self._max_pending = stream, max_pending
        self._pending: deque[str] = deque()  # its first element is being written
        self._changed = threading.Condition()
        self._started = False

    def put(self, text: str, timeout: float = 0.0) -> bool:
        """Accept a text if there is room for it within `timeout` seconds; return whether there was."""
        with self._changed:
            if not self._changed.wait_for(lambda: self.error or len(self._pending) < self._max_pending, timeout):
                return False
            if self.error:
                return False
            self._pending.append(text)
            self._changed.notify_all()
            if not self._started:
                threading.Thread(target=self._write_pending, name="writer", daemon=True).start()
                self._started = True
            return True

    def drain(self, timeout: float) -> int:
        """Wait up to `timeout` seconds until everything is written; return how many texts are not."""
        with self._changed:
            self._changed.wait_for(lambda: self.error or not self._pending, timeout)
            return len(self._pending)

    def _write_pending(self) -> None:
        while not self.error:
            with self._changed:
                self._changed.wait_for(lambda: self._pending)
                text = self._pending[0]
            error = self._write(text)
            with self._changed:
                self.error = error
                if not error:
                    self._pending.popleft()
                self._changed.notify_all()

    def _write(self, text: str) -> OSError | None:
        try:
            self._stream.write(text)
            self._stream.flush()
        except OSError as error:
            return error
        return None


class BackgroundStderr(io.TextIOBase):
    """Replaces `sys.stderr`. Lines for which there is no room are omitted and counted; stderr then has their number."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._writer = BackgroundWriter(open_unbuffered(stream), MAX_STDERR_LINES)
        self._lock = threading.RLock()
        self._line = ""  # begun and not ended yet
        self._omitted = 0

    def write(self, text: str, /) -> int:
        """Write the lines that are complete; the rest waits for its end or for `flush`."""
        with self._lock:
            *lines, self._line = (self._line + text).split("\n")
            for line in lines:
                self._put(f"{line}\n")
        return len(text)

    def flush(self) -> None:
        """Write a line that is not complete, such as a progress bar, without waiting for it."""
        with self._lock:
            line, self._line = self._line, ""
            if line:
                self._put(line)

    def drain(self) -> None:
        """Wait a moment for what is left to be written, before the process ends or is replaced."""
        self.flush()
        self._writer.drain(EXIT_TIMEOUT)

    def fileno(self) -> int:
        """The descriptor of stderr."""
        return self._stream.fileno()

    def isatty(self) -> bool:
        """Whether stderr is a terminal."""
        return self._stream.isatty()

    def _put(self, text: str) -> None:
        try:
            self._put_or_count(text)
        except RuntimeError:  # no thread can be started: the message that reports this is written directly
            self._stream.write(text)

    def _put_or_count(self, text: str) -> None:
        if self._omitted and self._writer.put(f"{self._omitted} lines were omitted here, as stderr was not read\n"):
            self._omitted = 0
        if self._omitted or not self._writer.put(text, FULL_TIMEOUT):
            self._omitted += 1


def write_stderr_in_background() -> None:
    """Let everything that Python code writes to stderr pass through a thread, unless stderr was replaced already."""
    if sys.stderr is sys.__stderr__ and sys.__stderr__:
        _make_non_blocking(sys.__stderr__.fileno())
        stderr = BackgroundStderr(sys.__stderr__)
        atexit.register(stderr.drain)
        sys.stderr = stderr


def _make_non_blocking(descriptor: int) -> None:
    """Let native code lose a message that a pipe or a terminal has no room for, instead of waiting for a reader.

    The descriptor is opened anew, since the mode would also apply to the other processes that write to the old one.
    """
    if stat.S_ISFIFO(os.fstat(descriptor).st_mode) or os.isatty(descriptor):
        with contextlib.suppress(OSError):  # it belongs to another user
            file = os.open(f"/proc/self/fd/{descriptor}", os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY)
            os.dup2(file, descriptor)
            os.close(file)


def drain_stderr() -> None:
    """Write what is left before this process is replaced by another program."""
    if isinstance(sys.stderr, BackgroundStderr):
        sys.stderr.drain()
