"""A fer-edge daemon in a separate process, with an MJPEG camera and a real broker."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import cv2
from tests.support.media import MEDIA
from tests.support.mjpeg import MjpegCamera
from tests.support.mosquitto import Mosquitto, read_messages
from tests.support.mqtt import publish
from tests.support.processes import command
from tests.support.waiting import wait_until

FACE = MEDIA / "faces" / "astronaut.png"


class DaemonProcess:
    """A running daemon.

    Attributes:
        device: The name of the device.
        camera: The camera it reads, which always shows one face.
        process: The process of the daemon.
        messages: The file with all messages published under `fer/`.
    """

    def __init__(self, broker: Mosquitto, *flags: str, device: str = "cam") -> None:
        self.device = device
        self.camera = MjpegCamera(picture=_face_jpeg)
        self.messages = broker.subscribe()
        self._broker = broker
        self._flags = ["--camera", self.camera.url, "--mqtt", broker.url, "--device", device, "--model", "nano", *flags]
        self.process = self._start()

    def _start(self) -> subprocess.Popen[str]:
        return subprocess.Popen(command("fer_edge", *self._flags), stderr=subprocess.PIPE, text=True)

    def kill_and_start(self) -> None:
        """Kill the daemon, start it again, and wait until it is online."""
        self.process.kill()
        self.process.communicate()
        before = self._count_online()
        self.process = self._start()
        wait_until(lambda: self._count_online() > before, 30)

    def _count_online(self) -> int:
        return sum(message == (f"fer/{self.device}/status", "online") for message in read_messages(self.messages))

    def wait_for_face(self, timeout: float = 30) -> None:
        """Wait until the daemon has reported the face in front of its camera."""
        wait_until(lambda: any(event["type"] == "start" for event in self.published("event")), timeout)

    def published(self, name: str) -> list[Any]:
        """The payloads published so far at `fer/DEVICE/NAME`, as objects of JSON."""
        return [
            json.loads(payload)
            for topic, payload in read_messages(self.messages)
            if topic == f"fer/{self.device}/{name}"
        ]

    def send_command(self, name: str, payload: str = "") -> dict[str, Any]:
        """Send a command and return the reply."""
        before = len(self.published(f"reply/{name}"))
        self.publish_command(name, payload)
        wait_until(lambda: len(self.published(f"reply/{name}")) > before)
        reply: dict[str, Any] = self.published(f"reply/{name}")[-1]
        return reply

    def publish_command(self, name: str, payload: str) -> None:
        """Send a command without waiting for a reply."""
        publish(self._broker, f"fer/{self.device}/cmd/{name}", payload)

    def close(self) -> str:
        """Stop the daemon and return what it wrote to stderr."""
        self.process.terminate()
        _, err = self.process.communicate(timeout=20)
        self.camera.stop()
        return err


def _face_jpeg(_: int) -> bytes:
    picture = cv2.imread(str(FACE))
    return bytes(cv2.imencode(".jpg", cv2.resize(picture, (320, 320)))[1])
