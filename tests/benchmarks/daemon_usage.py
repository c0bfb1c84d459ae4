"""A daemon with the live page in a separate process, and its use of resources: for `web`."""

from __future__ import annotations

import json
import os
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
from tests.support.media import WALK
from tests.support.mjpeg import MjpegCamera
from tests.support.network import free_port, reachable
from tests.support.processes import command
from tests.support.waiting import wait_until

from fer_edge.cameras.clip import open_clip, read_frames

PICTURE_SIZE = (640, 480)  # of the camera


class MeasuredDaemon:
    """A daemon with a network camera, which plays the clip forwards and backwards.

    Attributes:
        port: Of the live page.
    """

    def __init__(self, fps: float) -> None:
        pictures = clip_jpegs()
        self._camera = MjpegCamera(picture=lambda number: pictures[number % len(pictures)], fps=fps)
        self.port = free_port()
        flags = ["--camera", self._camera.url, "--mqtt", "none", "--web", self.port]
        self._process = subprocess.Popen(command("fer_edge", *flags), stderr=subprocess.DEVNULL)
        wait_until(lambda: reachable(self.port) and self.frames > 2 * fps, 60)

    @property
    def frames(self) -> int:
        """Number of frames processed so far."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/api/health", timeout=20) as response:
            return int(json.load(response)["frames"])

    @property
    def cpu(self) -> float:
        """Processor time used by all its threads so far, in seconds: proc_pid_stat(5)."""
        fields = self._read_proc("stat").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    @property
    def memory(self) -> float:
        """Resident memory in MB."""
        return int(self._read_proc("statm").split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6

    def close(self) -> None:
        self._process.terminate()
        self._process.wait(20)
        self._camera.stop()

    def _read_proc(self, name: str) -> str:
        return Path(f"/proc/{self._process.pid}/{name}").read_text()


def clip_jpegs() -> list[bytes]:
    """The clip in colour, forwards and backwards, cropped to its middle and resized to PICTURE_SIZE."""
    pictures = []
    for colours in read_frames(open_clip(WALK)):
        height, width = colours.shape[:2]
        margin = (width - height * PICTURE_SIZE[0] // PICTURE_SIZE[1]) // 2
        picture = cv2.resize(colours[:, margin : width - margin], PICTURE_SIZE)
        pictures.append(bytes(cv2.imencode(".jpg", picture)[1]))
    return [*pictures, *pictures[-2:0:-1]]


@contextmanager
def measured_daemon(fps: float) -> Iterator[MeasuredDaemon]:
    daemon = MeasuredDaemon(fps)
    try:
        yield daemon
    finally:
        daemon.close()
