"""Ports of the loopback interface."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Sequence


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def reachable(port: int, at: Sequence[str] = ()) -> bool:
    if at:
        return not subprocess.run([*at, "bash", "-c", f": >/dev/tcp/127.0.0.1/{port}"], check=False).returncode
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
