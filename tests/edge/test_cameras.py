"""The Pi camera, against a fake with the names, shapes, strides and errors of picamera2 0.3."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

import numpy as np
import pytest
from numpy.typing import NDArray

from fer_edge import cameras
from fer_edge.cameras import PiCamera, open_source
from fer_edge.frames import CameraError

STRIDE = 64  # bytes a row is padded to, up to the Pi 4


class FakeRequest:
    def __init__(self, camera: FakePicamera2, number: int) -> None:
        self._camera, self._number = camera, number

    def make_array(self, name: str) -> NDArray[np.uint8]:
        width, height = self._camera.camera_configuration()[name]["size"]
        stride = -(-width // STRIDE) * STRIDE
        planes = np.full((height * 3 // 2, stride), 200, np.uint8)
        planes[:height, :width] = self._number
        return planes


class FakePicamera2:
    """Delivers `frames` frames, each of one grey, then nothing more."""

    frames = 3
    busy = False
    open_requests = 0
    log: ClassVar[list[str]] = []

    def __init__(self, camera_num: int = 0) -> None:
        if camera_num >= len(self.global_camera_info()):
            raise RuntimeError(f"No camera number {camera_num} found")
        if self.busy:
            raise RuntimeError("Camera __init__ sequence did not complete.")
        self._number = 0
        self._main: dict[str, Any] = {}

    @staticmethod
    def global_camera_info() -> list[dict[str, Any]]:
        return [{"Model": "imx708", "Location": 2, "Rotation": 180, "Id": "/base/soc/i2c0mux", "Num": 0}]

    def create_video_configuration(self, main: dict[str, Any], **_: Any) -> dict[str, Any]:
        return {"main": dict(main)}

    def configure(self, configuration: dict[str, Any]) -> None:
        width, height = configuration["main"]["size"]
        self._main = {**configuration["main"], "size": (width - 20, height - 30)}

    def camera_configuration(self) -> dict[str, Any]:
        return {"main": self._main}

    def start(self) -> None:
        self.log.append("start")

    @contextmanager
    def captured_request(self, wait: float | None = None) -> Iterator[FakeRequest]:
        assert wait, "without wait= it would wait for ever"
        if self._number >= self.frames:
            raise TimeoutError
        assert self.open_requests == 0, "held requests starve the camera"
        self.open_requests += 1
        yield FakeRequest(self, self._number)
        self.open_requests -= 1
        self._number += 1

    def cancel_all_and_flush(self) -> None:
        self.log.append("flush")

    def close(self) -> None:
        self.log.append("close")


@pytest.fixture(autouse=True)
def _fake(monkeypatch: pytest.MonkeyPatch) -> None:
    FakePicamera2.log.clear()
    monkeypatch.setattr(cameras, "find_picamera2", lambda: FakePicamera2)


def test_a_number_means_the_pi_camera_where_there_is_one() -> None:
    source = open_source("0")
    assert isinstance(source, PiCamera)
    assert source.live


def test_grey_is_the_y_plane_without_its_padding_at_the_size_that_was_given() -> None:
    ticks = iter(range(100))
    source = iter(PiCamera(0, FakePicamera2, clock=lambda: float(next(ticks))))
    frames = list(itertools.islice(source, FakePicamera2.frames))
    assert [frame.grey.shape for frame in frames] == [(450, 620)] * 3
    assert [set(frame.grey.ravel().tolist()) for frame in frames] == [{0}, {1}, {2}]
    assert [(frame.number, frame.time, frame.still) for frame in frames] == [
        (0, 0.0, False),
        (1, 1.0, False),
        (2, 2.0, False),
    ]


def test_a_camera_that_stops_is_noticed_and_its_queue_flushed() -> None:
    source = open_source("0")
    with pytest.raises(CameraError, match="no frame for 2 seconds"):
        list(source)
    source.close()
    assert FakePicamera2.log == ["start", "flush", "close"]


def test_a_busy_camera_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FakePicamera2, "busy", True)
    with pytest.raises(CameraError, match="camera 0: Camera __init__ sequence did not complete"):
        open_source("0")


def test_a_number_that_nobody_has_says_where_it_looked(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CameraError, match=r"camera 97: .*picamera2 finds none.*/dev/video97"):
        open_source("97")
    monkeypatch.setattr(cameras, "find_picamera2", lambda: None)
    with pytest.raises(CameraError, match=r"camera 97: .*picamera2 is not installed.*/dev/video97"):
        open_source("97")
