"""A daemon with a page, and what its clip is known to show."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import subprocess
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any

import cv2
from tests.support import Mosquitto, command, free_port, heard, reachable, run, wait_until

Box = tuple[float, float, float, float]


class Daemon:
    """A running `fer-edge --web` in a process of its own; it can be killed and come back at the same port."""

    def __init__(
        self, broker: Mosquitto, camera: str, *flags: object, host: str = "127.0.0.1", token: str = ""
    ) -> None:
        self.port, self.device = free_port(), f"cam{free_port()}"
        self.url = f"http://{host}:{self.port}/"
        self._broker, self.heard_in = broker, broker.subscribe(f"fer/{self.device}/#")
        listen = f"{host}:{self.port}"
        arguments = ["--camera", camera, "--device", self.device, "--mqtt", broker.url, "--web", listen, *flags]
        self._command = command("fer_edge", *arguments)
        self._process: subprocess.Popen[bytes] | None = None
        self.start(token)

    def start(self, token: str = "") -> None:
        environment = {**os.environ, **({"FER_EDGE_WEB_TOKEN": token} if token else {})}
        self._process = process = subprocess.Popen(self._command, env=environment)
        wait_until(lambda: reachable(self.port) or process.poll() is not None, 60)
        assert process.poll() is None

    def kill(self) -> None:
        if self._process:
            self._process.kill()
            self._process.wait(10)

    def close(self) -> None:
        if self._process:
            self._process.terminate()
            self._process.wait(20)

    def signal(self, number: int) -> None:
        if self._process:
            self._process.send_signal(number)

    def said(self, name: str) -> list[Any]:
        """The messages below fer/DEVICE/NAME so far."""
        return [json.loads(text) for text in self.texts(name)]

    @property
    def state(self) -> dict[str, Any]:
        """The last message `state`; empty before the first."""
        return dict((self.said("state") or [{}])[-1])

    def texts(self, name: str) -> list[str]:
        return [text for topic, text in heard(self.heard_in) if topic == f"fer/{self.device}/{name}"]

    def send(self, name: str, payload: str) -> None:
        here = ["-h", "127.0.0.1", "-p", str(self._broker.port), "-q", "1"]
        topic = f"fer/{self.device}/cmd/{name}"
        subprocess.run(["mosquitto_pub", *here, "-t", topic, "-m", payload], check=True, timeout=10)


@cache
def printed(clip: Path) -> list[dict[str, Any]]:
    """The events of a clip, as `fer-edge --camera CLIP --print` tells them."""
    return run("fer_edge", "--camera", clip, "--mqtt", "none", "--print").events


def to_and_fro(clip: Path) -> Callable[[int], bytes]:
    """The n-th picture of a clip that is played forwards and backwards without end, as a JPEG."""
    capture, pictures = cv2.VideoCapture(str(clip)), []
    while (read := capture.read())[0]:
        pictures.append(bytes(cv2.imencode(".jpg", read[1])[1]))
    endless = list(itertools.chain(pictures, reversed(pictures)))
    return lambda number: endless[number % len(endless)]


def overlap(a: Box, b: Box) -> float:
    """Intersection over union."""
    width = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    height = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    common = max(0.0, width) * max(0.0, height)
    return common / (a[2] * a[3] + b[2] * b[3] - common)


def in_a_loop(talk: Coroutine[Any, Any, Any]) -> Any:
    """Run it in a thread of its own: in this one Chromium is led by a loop that never ends."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, talk).result()
