"""Pieces that the tests share: commands as a user runs them, a real Mosquitto, made-up data sets."""

from __future__ import annotations

import importlib
import io
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from fer_data.dataset import FaceSet
from fer_data.readers.fer2013 import FER2013_CLASSES

MEDIA = Path(__file__).parents[1] / "media"
WALK = MEDIA / "intel_walking_and_pause.mp4"
HEAD = MEDIA / "intel_head_pose_female.mp4"


def wait_until(condition: Callable[[], Any], timeout: float = 15.0) -> Any:
    deadline = time.monotonic() + timeout
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {timeout} s")
        time.sleep(0.02)
    return value


def descriptors() -> int:
    """How many files and sockets this process has open."""
    return len(list(Path("/proc/self/fd").iterdir()))


@dataclass
class Run:
    """A finished command."""

    code: int
    out: str
    err: str

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.splitlines()]


def command(module: str, *arguments: object) -> list[str]:
    return [sys.executable, "-m", f"{module}.cli", *map(str, arguments)]


def run(module: str, *arguments: object, env: dict[str, str] | None = None, cwd: Path | None = None) -> Run:
    """Run a command of the project in a separate process, as a user would."""
    done = subprocess.run(
        command(module, *arguments),
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
        env={**os.environ, **(env or {})},
        cwd=cwd,
    )
    return Run(done.returncode, done.stdout, done.stderr)


def run_here(module: str, *arguments: object) -> Run:
    """Run a command in this process: for what is refused, since it takes TensorFlow seconds to be imported."""
    main = importlib.import_module(f"{module}.cli").main
    with redirect_stdout(io.StringIO()) as out, redirect_stderr(io.StringIO()) as err:
        try:
            code = main(list(map(str, arguments)))
        except SystemExit as end:
            code = end.code
    return Run(code, out.getvalue(), err.getvalue())


@dataclass
class Mosquitto:
    """A real broker on the loopback interface that can be stopped and started again.

    at: the beginning of a command that runs where the broker is, when that is another host.
    """

    folder: Path
    port: int = 0
    at: list[str] = field(default_factory=list)
    process: subprocess.Popen[bytes] | None = None
    listeners: list[subprocess.Popen[str]] = field(default_factory=list)

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
        """It takes connections and never answers."""
        assert self.process
        os.kill(self.process.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self.process.pid, signal.SIGCONT)

    def subscribe(self, topic: str = "fer/#", *flags: str) -> Path:
        """Start a mosquitto_sub; returns the file into which it writes a line for each message."""
        number = len(self.listeners)
        out = self.folder / f"sub{number}.txt"
        here = ["-h", "127.0.0.1", "-p", str(self.port)]  # a bare system has no localhost in /etc/hosts
        arguments = [*self.at, "mosquitto_sub", *here, "-q", "1", "-v", "-t", topic, "-t", f"probe/{number}", *flags]
        self.listeners.append(subprocess.Popen(arguments, stdout=out.open("w"), text=True))

        def hears() -> bool:
            probe = [*self.at, "mosquitto_pub", *here, "-t", f"probe/{number}", "-m", "?"]
            subprocess.run(probe, check=True, timeout=10)
            time.sleep(0.1)
            return "?" in out.read_text()

        wait_until(hears)
        return out

    def close(self) -> None:
        for listener in self.listeners:
            listener.terminate()
            try:
                listener.wait(10)
            except subprocess.TimeoutExpired:  # it may miss the signal, and has nothing to put in order
                listener.kill()
                listener.wait(10)
        self.stop()


class Manager:
    """A socket as systemd has one, and what arrives at it."""

    def __init__(self, address: str) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(address)
        self.socket.setblocking(False)
        self.messages: list[str] = []

    def heard(self) -> list[str]:
        try:
            while True:
                self.messages.append(self.socket.recv(4096).decode())
        except BlockingIOError:
            return self.messages


def heard(file: Path) -> list[tuple[str, str]]:
    """What a subscriber has heard so far: (topic, payload)."""
    lines = [line for line in file.read_text().splitlines() if not line.startswith("probe/")]
    return [(topic, payload) for topic, _, payload in (line.partition(" ") for line in lines)]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def reachable(port: int, at: Sequence[str] = ()) -> bool:
    if at:
        return not subprocess.run([*at, "bash", "-c", f": >/dev/tcp/127.0.0.1/{port}"], check=False).returncode
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def patterns(count: int, seed: int = 0) -> FaceSet:
    """Made-up faces that can be told apart: each class a width of stripes, with noise; a quarter PublicTest."""
    rng = np.random.default_rng(seed)
    labels = np.arange(count) % len(FER2013_CLASSES)
    phase = np.arange(48)[:, None] * (0.2 * 1.4**labels)[:, None, None] + rng.uniform(0, 6, (count, 1, 1))
    pixels = 128 + 70 * np.sin(phase) + rng.normal(0, 20, (count, 48, 48))
    splits = np.where(np.arange(count) % 4 == 3, "PublicTest", "Training")
    names = np.array([f"line {number + 2}" for number in range(count)])
    return FaceSet(pixels.clip(0, 255).astype(np.uint8), labels, splits, FER2013_CLASSES, names)


def write_csv(faces: FaceSet, path: Path) -> Path:
    with path.open("w") as file:
        file.write("emotion,pixels,Usage\n")
        for face, label, split in zip(faces.pixels, faces.labels, faces.splits, strict=True):
            file.write(f"{label},{' '.join(map(str, face.ravel()))},{split}\n")
    return path
