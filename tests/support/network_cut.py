"""A cable between two hosts, on one machine: two network namespaces that see nothing but each other. Needs root."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

BROKER, DEVICE = "10.77.0.1", "10.77.0.2"
TOOLS = ("ip", "ss")


def missing() -> str:
    """Why no line can be laid here; empty when one can."""
    if os.geteuid():
        return "not root"
    return ", ".join(f"no {tool}" for tool in TOOLS if not shutil.which(tool))


def run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, timeout=20)


@dataclass
class Line:
    """The two ends, each the beginning of a command that runs there."""

    name: str = field(default_factory=lambda: f"fer{os.getpid()}")

    @property
    def broker(self) -> list[str]:
        return ["ip", "netns", "exec", f"{self.name}b"]

    @property
    def device(self) -> list[str]:
        return ["ip", "netns", "exec", f"{self.name}d"]

    def lay(self) -> None:
        ends = {f"{self.name}b": BROKER, f"{self.name}d": DEVICE}
        for namespace in ends:
            run("ip", "netns", "add", namespace)
        broker, device = ends
        run("ip", "-n", broker, "link", "add", broker, "type", "veth", "peer", "name", device, "netns", device)
        for namespace, address in ends.items():
            run("ip", "-n", namespace, "address", "add", f"{address}/24", "dev", namespace)
            for interface in (namespace, "lo"):
                run("ip", "-n", namespace, "link", "set", interface, "up")

    def take_up(self) -> None:
        for end in "bd":
            subprocess.run(["ip", "netns", "delete", f"{self.name}{end}"], check=False, capture_output=True)

    @contextmanager
    def unplugged(self) -> Iterator[None]:
        """The interface of the broker is down."""
        link = ["ip", "-n", f"{self.name}b", "link", "set", f"{self.name}b"]
        run(*link, "down")
        try:
            yield
        finally:
            run(*link, "up")

    @contextmanager
    def silent(self) -> Iterator[None]:
        """What the device sends goes astray, and nobody says so."""
        neighbour = ["ip", "-n", f"{self.name}d", "neighbour"]
        run(*neighbour, "replace", BROKER, "lladdr", "02:00:00:00:00:01", "dev", f"{self.name}d", "nud", "permanent")
        try:
            yield
        finally:
            run(*neighbour, "delete", BROKER, "dev", f"{self.name}d")

    @contextmanager
    def reset(self) -> Iterator[None]:
        """The connections of the device are reset, and once more a little later."""
        run(*self.broker, "ss", "--kill", "dst", DEVICE)
        yield
        run(*self.broker, "ss", "--kill", "dst", DEVICE)
