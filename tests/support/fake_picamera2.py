"""A fake of the module picamera2 0.3.

`tests/picamera` compares its names, shapes, strides, adjusted sizes and errors with those of the real module. It also
has the pitfalls of the real one: jobs that stay queued after a timeout, a pipe left open when a camera is busy, and
requests that must be returned. As with the real one, controls reach the camera at its start or with the next request
that is returned. `fake_picamera2()` makes a module for each test.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray

PADDING = 255
CHROMA = (90, 170)  # U and V of every frame: red
BUFFERS = 6


def plane(number: int, width: int, height: int) -> NDArray[np.uint8]:
    """The Y plane of the n-th frame: a ramp, so that each pixel identifies its place and its frame."""
    rows, columns = np.ogrid[:height, :width]
    return ((rows + 3 * columns + number) % 200).astype(np.uint8)


def chroma_samples(buffer: NDArray[np.uint8], pixel_format: str, name: str) -> NDArray[np.uint8]:
    """A view of the U or V samples in a buffer, with the padding of their rows."""
    rows = buffer[buffer.shape[0] * 2 // 3 :]
    planes = {"YUV420": "UV", "YVU420": "VU", "NV12": "UV", "NV21": "VU"}[pixel_format]
    if pixel_format.startswith("NV"):  # the two alternate
        return rows[:, planes.index(name) :: 2]
    return rows.reshape(2, -1, buffer.shape[1] // 2)[planes.index(name)]


def aligned(value: int, to: int) -> int:
    return -(-value // to) * to


class Hardware:
    """State shared by all Picamera2 objects of one process; tests change it to cause failures."""

    def __init__(self) -> None:
        self.ids = ["/base/soc/i2c0mux/i2c@1/imx708@1a", "/base/soc/usb@7e980000/usb-1:1.0"]
        self.sensor = (3280, 2464)
        self.stride = 64  # 64 up to the Pi 4, 128 on the Pi 5
        self.pixel_format: str | None = None  # format that the camera delivers instead of the one it is asked for
        self.adjust: Callable[[int, int], tuple[int, int]] = lambda width, height: (width, height)
        self.busy = False  # held by another process
        self.delivers = True
        self.wait: Callable[[float], None] = lambda _: None  # called while no frame comes
        self.refuses_to_start = False
        self.controls: dict[str, Any] = {  # that the camera offers: minimum, maximum, default
            "FrameDurationLimits": (33333, 120000, (33333, 33333)),
            "AeExposureMode": (0, 3, 0),
        }
        self.received_controls: list[dict[str, Any]] = []
        self.lux: float | None = 400.0  # illuminance in the metadata of a frame; None: it is not in them
        self.owner: Any = None
        self.made = self.starts = 0
        self.number = itertools.count()


class FakeRequest:
    def __init__(self, camera: Any, number: int) -> None:
        self.config, self.number = camera.camera_configuration(), number
        self.lux = camera.hardware.lux
        self.held = True

    def get_metadata(self) -> dict[str, Any]:
        assert self.held
        return {"SensorTimestamp": self.number} | ({} if self.lux is None else {"Lux": self.lux})


class FakeMappedArray:
    def __init__(self, request: FakeRequest, stream: str, reshape: bool = True, write: bool = True) -> None:
        assert request.held, "the buffer has gone back to the camera"
        assert reshape
        self._config, self._number = request.config[stream], request.number
        if self._config is None:
            raise RuntimeError(f"Stream {stream!r} is not defined")

    def __enter__(self) -> FakeMappedArray:
        width, height = self._config["size"]
        rows = height * 3 // 2
        buffer = np.full((rows, self._config["stride"]), PADDING, np.uint8)
        buffer[:height, :width] = plane(self._number, width, height)
        for name, value in zip("UV", CHROMA, strict=True):
            chroma_samples(buffer, self._config["format"], name)[:, : width // 2] = value
        # picamera2 0.3 delivers YUV420 with its padding and NV12 without.
        self.array = buffer if self._config["format"] in {"YUV420", "YVU420"} else buffer[:, :width]
        return self

    def __exit__(self, *_: object) -> None:
        self.array[:] = 0  # the next frame is being written into it
        del self.array


class FakePicamera2:
    hardware: Hardware

    def __init__(self, camera_num: int = 0) -> None:
        self.notifyme_r, self.notifyme_w = os.pipe2(os.O_NONBLOCK)
        self.notifymeread = os.fdopen(self.notifyme_r, "rb")
        self.helpers = [self]  # a reference cycle: what is left open stays open until garbage is collected
        if camera_num >= len(self.hardware.ids):
            raise RuntimeError(f'No camera number {camera_num} found - use "rpicam-hello --list-cameras"')
        if self.hardware.busy or self.hardware.owner:
            raise RuntimeError("Camera __init__ sequence did not complete.")
        self.hardware.owner, self.camera = self, object()
        self.hardware.made += 1
        self.sensor_resolution = self.hardware.sensor
        self.configuration: Any = {}
        self.pending: dict[str, Any] = {}  # controls that the camera has not received yet
        self.started = False
        self.queued = self.held = 0

    @classmethod
    def global_camera_info(cls) -> list[dict[str, Any]]:
        ids = cls.hardware.ids
        return [
            {"Model": "imx708", "Location": 2, "Rotation": 180, "Id": name, "Num": len(ids) - 1 - place}
            for place, name in enumerate(ids)
        ]

    @property
    def camera_controls(self) -> dict[str, Any]:
        return dict(self.hardware.controls) if self.camera else {}

    def set_controls(self, controls: dict[str, Any]) -> None:
        for name in controls:
            if name not in self.camera_controls:
                raise RuntimeError(f"Control {name} is not advertised by libcamera")
        self.pending |= controls

    def _deliver_controls(self) -> None:
        if self.pending:
            self.hardware.received_controls.append(self.pending)
        self.pending = {}

    def create_video_configuration(
        self,
        main: dict[str, Any],
        lores: dict[str, Any] | None = None,
        controls: dict[str, Any] | None = None,
        buffer_count: int = BUFFERS,
    ) -> dict[str, Any]:
        if self.camera is None:
            raise RuntimeError("Camera not opened")
        return {"main": main, "lores": lores, "controls": controls or {}, "buffer_count": buffer_count}

    def configure(self, configuration: dict[str, Any]) -> None:
        streams = {name: configuration[name] for name in ("main", "lores") if configuration[name]}
        for stream in streams.values():
            if stream["size"][0] % 2 or stream["size"][1] % 2:
                raise RuntimeError("width and height should be even")
        if "lores" in streams and any(
            small > large for small, large in zip(streams["lores"]["size"], streams["main"]["size"], strict=True)
        ):
            raise RuntimeError("lores stream dimensions may not exceed main stream")
        adjusted = {name: self._adjusted(stream) for name, stream in streams.items()}
        self.configuration = {"lores": None, **configuration, **adjusted}
        self.pending = {}
        self.set_controls(configuration["controls"])

    def _adjusted(self, stream: dict[str, Any]) -> dict[str, Any]:
        width, height = self.hardware.adjust(*stream["size"])
        stride = aligned(width, self.hardware.stride)
        pixels = self.hardware.pixel_format or stream["format"]
        return {"format": pixels, "size": (width, height), "stride": stride, "framesize": stride * height * 3 // 2}

    def camera_configuration(self) -> dict[str, Any]:
        return dict(self.configuration)

    def start(self) -> None:
        self.configuration["main"]  # after close: TypeError, as from the real one
        if self.hardware.refuses_to_start:
            raise OSError(5, "Input/output error")
        self.hardware.starts += 1
        self._deliver_controls()
        self.started = True

    def stop(self) -> None:
        assert not self.queued, "stop waits for ever behind a job that gets no frame"
        self.started = False

    @contextmanager
    def captured_request(self, wait: float | None = None, flush: object = None) -> Iterator[FakeRequest]:
        assert wait, "without wait= it waits for ever"
        if not (self.hardware.delivers and self.started):
            self.queued += 1
            self.hardware.wait(wait)
            raise TimeoutError
        while self.queued:  # queued jobs come first, and their frames are lost
            next(self.hardware.number)
            self.queued -= 1
        assert self.held < self.configuration["buffer_count"] - 2, "held requests starve the camera"
        self.held += 1
        request = FakeRequest(self, next(self.hardware.number))
        try:
            yield request
        finally:
            request.held = False
            self.held -= 1
            if self.started:
                self._deliver_controls()

    def cancel_all_and_flush(self) -> None:
        self.queued = 0

    def close(self) -> None:
        if self.hardware.owner is not self:
            return
        self.stop()
        self.hardware.owner, self.camera, self.configuration = None, None, None
        self.notifymeread.close()
        os.close(self.notifyme_w)


def fake_picamera2() -> SimpleNamespace:
    """Make a module; its Hardware is the attribute `hardware`."""
    hardware = Hardware()
    camera = type("Picamera2", (FakePicamera2,), {"hardware": hardware})
    return SimpleNamespace(Picamera2=camera, MappedArray=FakeMappedArray, hardware=hardware)
