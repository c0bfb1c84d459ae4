"""Waiting for a condition, and what a process uses."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any


def wait_until(condition: Callable[[], Any], timeout: float = 15.0) -> Any:
    deadline = time.monotonic() + timeout
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {timeout} s")
        time.sleep(0.02)
    return value


def open_descriptors(process: int | str = "self") -> int:
    """How many files and sockets a process, by default this one, has open."""
    return len(list(Path(f"/proc/{process}/fd").iterdir()))


def open_connections(port: int) -> int:
    """How many sockets of this process, listening ones included, belong to TCP connections over an IPv4 port."""
    links = []
    for file in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # closed in the meantime
            links.append(str(file.readlink()))
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    own = [row for row in rows if f"socket:[{row[9]}]" in links]
    return sum(f":{port:04X}" in (local[-5:], remote[-5:]) for _, local, remote, *_ in own)


def cpu_seconds(process: int) -> float:
    """Processor time that a process has used."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")
