"""Notifications to systemd, see sd_notify(3)."""

from __future__ import annotations

import contextlib
import socket

from fer_edge.clock import Clock

NOTIFY_SOCKET = "NOTIFY_SOCKET"  # the environment variable

SEND_TIMEOUT = 0.5  # seconds to wait for a busy systemd


class Notifier:
    """The socket on which systemd listens. Without an address it is false and sends nothing."""

    def __init__(self, address: str | None = None, clock: Clock | None = None) -> None:
        """`address`: the value of NOTIFY_SOCKET, a path or, if it begins with @, a name in the abstract namespace."""
        self._address = f"\0{address[1:]}" if address and address.startswith("@") else address
        self._clock = clock or Clock()

    def __bool__(self) -> bool:
        """Whether there is a systemd to notify."""
        return bool(self._address)

    def notify(self, **fields: str | int) -> None:
        """Send one message: ready=1 is sent as READY=1. It is dropped if systemd is gone or stays busy."""
        if not self._address:
            return
        text = "\n".join(f"{name.upper()}={' '.join(str(value).split())}" for name, value in fields.items())
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
            channel.settimeout(SEND_TIMEOUT)
            channel.sendto(text.encode(errors="replace"), self._address)

    def notify_reloading(self) -> None:
        """Announce that the configuration is being reloaded, until `ready`."""
        self.notify(reloading=1, monotonic_usec=int(self._clock.monotonic() * 1e6))
