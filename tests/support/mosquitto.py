"""A real Mosquitto, and what its subscribers receive."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.network import free_port, reachable
from tests.support.waiting import wait_until


@dataclass
class Mosquitto:
    """A real broker on the loopback interface that can be stopped and started again.

    Attributes:
        folder: Where its configuration, its log and what subscribers receive are written.
        port: Where it listens; 0 for any free port.
        at: Prefix of a command that runs on the broker's host, if that is another network namespace.
    """

    folder: Path
    port: int = 0
    at: list[str] = field(default_factory=list)
    process: subprocess.Popen[bytes] | None = None
    subscribers: list[subprocess.Popen[str]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"mqtt://127.0.0.1:{self.port}"

    def start(self, extra: str = "allow_anonymous true") -> None:
        if not self.port:
            self.port = free_port()
        config = self.folder / "mosquitto.conf"
        config.write_text(f"listener {self.port} 127.0.0.1\n{extra}\nuser root\n")
        log = (self.folder / "mosquitto.log").open("ab")
        self.process = subprocess.Popen([*self.at, "mosquitto", "-c", str(config)], stdout=log, stderr=log)
        wait_until(lambda: reachable(self.port, self.at))

    def stop(self) -> None:
        if self.process:
            self.process.terminate()
            self.process.wait(10)
            self.process = None

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Stop its process meanwhile: it accepts connections and never answers."""
        assert self.process
        os.kill(self.process.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self.process.pid, signal.SIGCONT)

    def subscribe(self, topic: str = "fer/#", *flags: str) -> Path:
        """Start a mosquitto_sub; returns the file into which it writes a line for each message."""
        number = len(self.subscribers)
        out = self.folder / f"sub{number}.txt"
        here = ["-h", "127.0.0.1", "-p", str(self.port)]  # a bare system has no localhost in /etc/hosts
        arguments = [*self.at, "mosquitto_sub", *here, "-q", "1", "-v", "-t", topic, "-t", f"probe/{number}", *flags]
        self.subscribers.append(subprocess.Popen(arguments, stdout=out.open("w"), text=True))

        def is_subscribed() -> bool:
            probe = [*self.at, "mosquitto_pub", *here, "-t", f"probe/{number}", "-m", "?"]
            subprocess.run(probe, check=True, timeout=10)
            time.sleep(0.1)
            return "?" in out.read_text()

        wait_until(is_subscribed)
        return out

    def close(self) -> None:
        for subscriber in self.subscribers:
            subscriber.terminate()
            try:
                subscriber.wait(10)
            except subprocess.TimeoutExpired:  # it may miss the signal
                subscriber.kill()
                subscriber.wait(10)
        self.stop()


def read_messages(file: Path) -> list[tuple[str, str]]:
    """What a subscriber has received so far: (topic, payload)."""
    text = file.read_text()
    complete = text[: text.rfind("\n") + 1]  # a long line is written in several parts
    lines = [line for line in complete.splitlines() if not line.startswith("probe/")]
    return [(topic, payload) for topic, _, payload in (line.partition(" ") for line in lines)]
