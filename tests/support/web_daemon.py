"""A daemon with the live page in a separate process, and what its clip is known to contain."""

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
from tests.support.mosquitto import Mosquitto, read_messages
from tests.support.mqtt import publish
from tests.support.network import free_port, reachable
from tests.support.processes import command, run
from tests.support.waiting import wait_until

Box = tuple[float, float, float, float]


class WebDaemon:
    """A running `fer-edge --web`. It can be killed and started again on the same port.

    Attributes:
        url: Of the page.
        port: Of the page.
        device: The name of the device, which no other daemon has.
        messages: The file with all messages published under `fer/DEVICE/`.
    """

    def __init__(
        self,
        broker: Mosquitto,
        camera: str,
        *flags: object,
        host: str = "127.0.0.1",
        token: str = "",
        descriptors: int | None = None,
    ) -> None:
        """`descriptors`: how many files and sockets the process may open."""
        self.port, self.device = free_port(), f"cam{free_port()}"
        self.url = f"http://{host}:{self.port}/"
        self.messages = broker.subscribe(f"fer/{self.device}/#")
        self._broker = broker
        listen = f"{host}:{self.port}"
        arguments = ["--camera", camera, "--device", self.device, "--mqtt", broker.url, "--web", listen, *flags]
        limit = [] if descriptors is None else ["prlimit", f"--nofile={descriptors}"]
        self._command = [*limit, *command("fer_edge", *arguments)]
        self._process: subprocess.Popen[bytes] | None = None
        self.start(token)

    def start(self, token: str = "") -> None:
        """Start the process and wait until the page can be reached."""
        environment = {**os.environ, **({"FER_EDGE_WEB_TOKEN": token} if token else {})}
        self._process = process = subprocess.Popen(self._command, env=environment)
        wait_until(lambda: reachable(self.port) or process.poll() is not None, 60)
        assert process.poll() is None

    def kill(self) -> None:
        if self._process:
            self._process.kill()
            self._process.wait(10)

    def close(self) -> None:
        """Stop the process cleanly."""
        if self._process:
            self._process.terminate()
            self._process.wait(20)

    def signal(self, number: int) -> None:
        if self._process:
            self._process.send_signal(number)

    @property
    def process_id(self) -> int:
        return self._process.pid if self._process else 0

    def published(self, name: str) -> list[Any]:
        """The payloads published so far at `fer/DEVICE/NAME`, as objects of JSON."""
        return [json.loads(text) for text in self.payloads(name)]

    def payloads(self, name: str) -> list[str]:
        """The payloads published so far at `fer/DEVICE/NAME`."""
        return [text for topic, text in read_messages(self.messages) if topic == f"fer/{self.device}/{name}"]

    @property
    def state(self) -> dict[str, Any]:
        """The last message `state`; empty before the first."""
        return dict((self.published("state") or [{}])[-1])

    def send_command(self, name: str, payload: str = "") -> None:
        """Send a command over MQTT."""
        publish(self._broker, f"fer/{self.device}/cmd/{name}", payload)


@cache
def events_of(clip: Path, *flags: str) -> list[dict[str, Any]]:
    """The events of a clip, as `fer-edge --camera CLIP --print` with further flags prints them."""
    return run("fer_edge", "--camera", clip, "--mqtt", "none", "--print", *flags).events


def back_and_forth(clip: Path) -> Callable[[int], bytes]:
    """A function that returns the n-th picture of a clip played forwards and backwards without end, as a JPEG."""
    capture, pictures = cv2.VideoCapture(str(clip)), []
    while (read := capture.read())[0]:
        pictures.append(bytes(cv2.imencode(".jpg", read[1])[1]))
    loop = list(itertools.chain(pictures, reversed(pictures)))
    return lambda number: loop[number % len(loop)]


def iou(a: Box, b: Box) -> float:
    """Intersection over union of two boxes."""
    width = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    height = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    intersection = max(0.0, width) * max(0.0, height)
    return intersection / (a[2] * a[3] + b[2] * b[3] - intersection)


def run_async(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """Run a coroutine in its own thread: Playwright's loop, which never ends, may run in this one."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, coroutine).result()
