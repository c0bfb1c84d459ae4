"""A network of two hosts on one machine: two network namespaces that reach only each other. Needs root."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

BROKER_ADDRESS, DEVICE_ADDRESS = "10.77.0.1", "10.77.0.2"
TOOLS = ("ip", "ss")


def find_missing() -> str:
    """Why no network can be created here; empty if one can."""
    if os.geteuid():
        return "not root"
    return ", ".join(f"no {tool}" for tool in TOOLS if not shutil.which(tool))


def run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, timeout=20)


@dataclass
class Network:
    """The two hosts."""

    name: str = field(default_factory=lambda: f"fer{os.getpid()}")

    @property
    def broker_prefix(self) -> list[str]:
        """What a command that runs on the broker's host begins with."""
        return ["ip", "netns", "exec", f"{self.name}b"]

    @property
    def device_prefix(self) -> list[str]:
        """What a command that runs on the device's host begins with."""
        return ["ip", "netns", "exec", f"{self.name}d"]

    def create(self) -> None:
        hosts = {f"{self.name}b": BROKER_ADDRESS, f"{self.name}d": DEVICE_ADDRESS}
        for namespace in hosts:
            run("ip", "netns", "add", namespace)
        broker, device = hosts
        run("ip", "-n", broker, "link", "add", broker, "type", "veth", "peer", "name", device, "netns", device)
        for namespace, address in hosts.items():
            run("ip", "-n", namespace, "address", "add", f"{address}/24", "dev", namespace)
            for interface in (namespace, "lo"):
                run("ip", "-n", namespace, "link", "set", interface, "up")

    def delete(self) -> None:
        for end in "bd":
            subprocess.run(["ip", "netns", "delete", f"{self.name}{end}"], check=False, capture_output=True)

    @contextmanager
    def unplugged(self) -> Iterator[None]:
        """The broker's interface is down."""
        interface = ["ip", "-n", f"{self.name}b", "link", "set", f"{self.name}b"]
        run(*interface, "down")
        try:
            yield
        finally:
            run(*interface, "up")

    @contextmanager
    def silent(self) -> Iterator[None]:
        """What the device sends is lost without an error."""
        neighbour = ["ip", "-n", f"{self.name}d", "neighbour"]
        run(
            *neighbour,
            "replace",
            BROKER_ADDRESS,
            "lladdr",
            "02:00:00:00:00:01",
            "dev",
            f"{self.name}d",
            "nud",
            "permanent",
        )
        try:
            yield
        finally:
            run(*neighbour, "delete", BROKER_ADDRESS, "dev", f"{self.name}d")

    @contextmanager
    def reset(self) -> Iterator[None]:
        """The device's connections are reset, and once more at the end."""
        run(*self.broker_prefix, "ss", "--kill", "dst", DEVICE_ADDRESS)
        yield
        run(*self.broker_prefix, "ss", "--kill", "dst", DEVICE_ADDRESS)
