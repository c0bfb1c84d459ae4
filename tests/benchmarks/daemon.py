"""A daemon with the live page in a process of its own, and what it uses: for `web`."""

from __future__ import annotations

import json
import os
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
from tests.support import WALK, command, free_port, reachable, wait_until
from tests.support.mjpeg import MjpegCamera

from fer_edge.cameras.files import VideoFile

SIZE = (640, 480)  # of the camera's pictures


class Daemon:
    """The daemon before a camera with an address, which plays the clip forth and back."""

    def __init__(self, fps: float) -> None:
        pictures = jpegs()
        self._camera = MjpegCamera(picture=lambda number: pictures[number % len(pictures)], fps=fps)
        self.port = free_port()
        flags = ["--camera", self._camera.url, "--mqtt", "none", "--web", self.port]
        self._process = subprocess.Popen(command("fer_edge", *flags), stderr=subprocess.DEVNULL)
        wait_until(lambda: reachable(self.port) and self.frames > 2 * fps, 60)

    @property
    def frames(self) -> int:
        """That it has looked at."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/api/health", timeout=20) as answer:
            return int(json.load(answer)["frames"])

    @property
    def cpu(self) -> float:
        """Seconds of processor that all its threads have had: proc_pid_stat(5)."""
        fields = self._of_proc("stat").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    @property
    def memory(self) -> float:
        """That it holds, MB."""
        return int(self._of_proc("statm").split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6

    def close(self) -> None:
        self._process.terminate()
        self._process.wait(20)
        self._camera.stop()

    def _of_proc(self, name: str) -> str:
        return Path(f"/proc/{self._process.pid}/{name}").read_text()


def jpegs() -> list[bytes]:
    """The clip forth and back, its middle, as large as SIZE."""
    pictures = []
    for frame in VideoFile(WALK):
        height, width = frame.grey.shape
        side = (width - height * SIZE[0] // SIZE[1]) // 2
        pictures.append(bytes(cv2.imencode(".jpg", cv2.resize(frame.grey[:, side : width - side], SIZE))[1]))
    return [*pictures, *pictures[-2:0:-1]]


@contextmanager
def daemon(fps: float) -> Iterator[Daemon]:
    running = Daemon(fps)
    try:
        yield running
    finally:
        running.close()
