"""Strangers who hold connections, and a process that has no file descriptor left."""

from __future__ import annotations

import resource
import select
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


class SilentConnections:
    """Keeps connections to a port of this machine open that send nothing, or only `data`; closed ones are replaced.

    Attributes:
        opened: How many have been opened so far.
    """

    def __init__(self, port: int, count: int, *, local: str = "127.0.0.1", data: bytes = b"") -> None:
        self.opened = 0
        self._port, self._local, self._data = port, local, data
        self._sockets = [self._connect() for _ in range(count)]
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._replace_closed, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._stop.set()
        self._thread.join(10)
        for each in self._sockets:
            each.close()

    def _connect(self) -> socket.socket:
        self.opened += 1
        made = socket.create_connection(("127.0.0.1", self._port), timeout=10, source_address=(self._local, 0))
        with suppress(ConnectionError):
            made.sendall(self._data)
        return made

    def _replace_closed(self) -> None:
        while not self._stop.is_set():
            for index, each in enumerate(self._sockets):
                if select.select([each], [], [], 0)[0]:
                    each.close()
                    self._sockets[index] = self._connect()
            self._stop.wait(0.05)


@contextmanager
def no_descriptors_left(process: int) -> Iterator[None]:
    """Every attempt of a process to open a file or a socket fails."""
    soft, hard = resource.prlimit(process, resource.RLIMIT_NOFILE)
    resource.prlimit(process, resource.RLIMIT_NOFILE, (0, hard))
    try:
        yield
    finally:
        resource.prlimit(process, resource.RLIMIT_NOFILE, (soft, hard))
