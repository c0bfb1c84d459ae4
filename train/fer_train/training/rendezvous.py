"""Where the processes of a distributed run meet before JAX connects them.

JAX waits in silence, cannot name the processes that are missing, and aborts when its time-out has passed. Here each
process connects to the first one and sends INDEX/COUNT; the first one answers with the indices that are still missing,
a line after each arrival, the last one empty.
"""

from __future__ import annotations

import os
import socket
import sys
import time
from collections.abc import Collection
from contextlib import ExitStack, suppress

from fer_edge.errors import FerError, UsageError

MEETING_TIMEOUT = 300.0  # seconds
RETRY_INTERVAL = 0.5  # seconds between two attempts to connect
MESSAGE_TIMEOUT = 5.0  # seconds for a new connection to send its line
MAX_MESSAGE = 64  # bytes
CURE = "give each process the same COUNT and an INDEX of its own"


class MissingProcessError(FerError):
    """The processes of a run have not all connected."""


def meet(address: str, count: int, index: int, *, timeout: float = MEETING_TIMEOUT) -> str:
    """Wait until all processes of a run have connected, and report on stderr which ones are missing.

    Args:
        address: HOST:PORT of the first process.
        count: The number of processes, at least 2.
        index: The number of this process.
        timeout: How long to wait, seconds.

    Returns:
        The IP address of this machine that connects it with another process.

    Raises:
        MissingProcessError: They have not all connected in time.
        UsageError: The port cannot be used.
    """
    meeting = _Meeting(address, timeout)
    return meeting.wait_for_others(count) if index == 0 else meeting.wait_for_first(f"{index}/{count}")


class _Meeting:
    """The meeting at an address, HOST:PORT, as one of the processes takes part in it."""

    def __init__(self, address: str, timeout: float) -> None:
        self._address, self._timeout = address, timeout
        self._host, _, self._port = address.rpartition(":")
        self._deadline = time.monotonic() + timeout

    def wait_for_others(self, count: int) -> str:
        """The part of the first process; returns the address that the last of the others has connected to."""
        missing, local = {f"{index}/{count}": index for index in range(1, count)}, ""
        with ExitStack() as stack:
            server = stack.enter_context(self._listen())
            peers: list[socket.socket] = []
            self._report(missing.values())
            while missing:
                server.settimeout(self._remaining(missing.values()))
                with suppress(TimeoutError):
                    peer = stack.enter_context(server.accept()[0])
                    if missing.pop(_receive_line(peer), None) is None:
                        peer.close()  # another program, or another process with the same index
                        continue
                    peers.append(peer)
                    local = peer.getsockname()[0].removeprefix("::ffff:")
                    self._report(missing.values())
                    for each in peers:
                        with suppress(OSError):  # one that has ended meanwhile: JAX reports it
                            each.sendall(f"{' '.join(map(str, missing.values()))}\n".encode())
        return local

    def wait_for_first(self, message: str) -> str:
        """The part of every other process, which sends `message`; returns the address it has connected from."""
        missing = ["0"]
        self._report(missing)
        with self._connect() as connection, connection.makefile() as lines:
            connection.sendall(f"{message}\n".encode())
            while missing:
                connection.settimeout(self._remaining(missing))
                try:
                    line = lines.readline()
                except OSError:
                    continue
                if not line:
                    raise self._error("process 0 has refused this process, or ended", CURE)
                missing = line.split()
                self._report(missing)
            return str(connection.getsockname()[0])

    def _listen(self) -> socket.socket:
        try:
            if socket.has_dualstack_ipv6():
                return socket.create_server(("", int(self._port)), family=socket.AF_INET6, dualstack_ipv6=True)
            return socket.create_server(("", int(self._port)))
        except OSError as error:
            reason = os.strerror(error.errno or 0)
            raise UsageError(f"--distribute {self._address}: {reason}", cure="give another port") from error

    def _connect(self) -> socket.socket:
        while True:
            timeout = self._remaining(["0"])
            try:
                return socket.create_connection((self._host.strip("[]"), self._port), timeout)
            except OSError:
                time.sleep(min(RETRY_INTERVAL, timeout))

    def _remaining(self, missing: Collection[object]) -> float:
        """The seconds that are left, more than 0. Raises MissingProcessError."""
        remaining = self._deadline - time.monotonic()
        if remaining > 0:
            return remaining
        raise self._error(
            f"{_name(missing)} did not connect within {self._timeout:.0f} s",
            "start every process, and check that its machine can reach this address",
        )

    def _error(self, message: str, cure: str) -> MissingProcessError:
        return MissingProcessError(f"--distribute {self._address}: {message}", cure=cure)

    def _report(self, missing: Collection[object]) -> None:
        if missing:
            sys.stderr.write(f"waiting for {_name(missing)} at {self._address}, up to {self._timeout:.0f} s\n")
            sys.stderr.flush()


def _name(indices: Collection[object]) -> str:
    return f"process{'es' * (len(indices) > 1)} {', '.join(map(str, indices))}"


def _receive_line(peer: socket.socket) -> str:
    peer.settimeout(MESSAGE_TIMEOUT)
    try:
        with peer.makefile(errors="replace") as lines:
            return lines.readline(MAX_MESSAGE).strip()
    except OSError:
        return ""
