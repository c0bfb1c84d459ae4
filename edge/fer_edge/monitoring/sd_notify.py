"""Messages to systemd, see sd_notify(3)."""

from __future__ import annotations

import contextlib
import socket
import time

VARIABLE = "NOTIFY_SOCKET"

TIMEOUT = 0.5  # seconds that a manager with its hands full is waited for


class Notifier:
    """The socket that systemd listens at. Without an address nothing is said to nobody."""

    def __init__(self, address: str | None = None) -> None:
        """`address`: of NOTIFY_SOCKET, a path, or a name in the abstract namespace that begins with @."""
        self._address = f"\0{address[1:]}" if address and address.startswith("@") else address

    def __bool__(self) -> bool:
        """Whether somebody listens."""
        return bool(self._address)

    def tell(self, **fields: str | int) -> None:
        """Send one message: ready=1 goes as READY=1. A manager that is away or stays busy misses it."""
        if not self._address:
            return
        text = "\n".join(f"{name.upper()}={' '.join(str(value).split())}" for name, value in fields.items())
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel, contextlib.suppress(OSError):
            channel.settimeout(TIMEOUT)
            channel.sendto(text.encode(), self._address)

    def reloading(self) -> None:
        """Say that the configuration is being read anew; `ready` ends it."""
        self.tell(reloading=1, monotonic_usec=time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000)
