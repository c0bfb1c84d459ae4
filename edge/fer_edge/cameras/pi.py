"""The cameras of a Raspberry Pi, through picamera2."""

from __future__ import annotations

import contextlib
import logging
import os
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.cameras.base import CameraError, CameraImage
from fer_edge.cameras.cures import CHECK_CABLE, FREE_CAMERA, PLUG_IN, find_cure
from fer_edge.cameras.frame import search_size
from fer_edge.config.camera import CameraOptions, Size

DEFAULT_WIDTH = 1280  # pixels; a picture of the sensor's own shape, since any other is cut out of its field of view
WAIT = 0.5  # seconds for a frame; without a limit picamera2 would wait for ever
TIMEOUT = 3.0  # seconds without a frame after which the camera counts as stalled ...
STARTUP = 5  # ... and as many frames: so many a camera may keep to itself at its start
BUFFERS = 4  # one is being filled, one waits, one is read, and one for luck; picamera2's six cost memory
LUMA_FIRST = ("YUV420", "YVU420", "NV12", "NV21")  # formats that begin with the Y plane
# What picamera2 and libcamera raise when a camera is busy, has gone, or stops half-way through a call.
_FAULTS = (RuntimeError, OSError, LookupError, TypeError)


class PiCamera:
    """A camera of the Raspberry Pi; grey for nothing, from the Y planes of two streams of one size each.

    `lores` is searched, `main` gives sharp faces. The object of picamera2 is kept over a stall, since each new one
    leaks memory (raspberrypi/picamera2#1130).
    """

    def __init__(
        self, which: int | str, picamera2: Any, options: CameraOptions, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """`which`: its place in `camera_ids`, or its id. `picamera2` is the module of this name."""
        self.name = f"picamera2 {which}"
        self._which, self._library, self._options, self._clock = which, picamera2, options, clock
        self._camera: Any = None
        self._sizes: dict[str, Size] = {}
        self._timeout = TIMEOUT + STARTUP / (options.fps or 30)
        self._last = 0.0  # time of the last frame, or of the start

    def open(self) -> None:
        """Start the camera, or start it again after a stall. Raises CameraError when it is busy or gone."""
        try:
            index = self._index()
            if self._camera is None:
                self._camera = _construct(self._library.Picamera2, index)
                self._sizes = self._configure()
            else:
                self._camera.stop()
            self._camera.start()
            self._last = self._clock()
        except _FAULTS as error:
            self.close()
            raise error if isinstance(error, CameraError) else CameraError(str(error), cure=find_cure(error)) from error

    def read(self) -> CameraImage | None:
        """The newest picture, or None when there is none yet. Raises CameraError when none has come for too long."""
        try:
            with self._camera.captured_request(wait=WAIT) as request:
                grey, *rest = (self._plane(request, stream) for stream in self._sizes)
        except TimeoutError:
            self._camera.cancel_all_and_flush()  # or the job that waits for a frame would swallow the next
            if self._clock() - self._last > self._timeout:
                raise CameraError("it has stalled", cure=CHECK_CABLE) from None
            return None
        except _FAULTS as error:
            raise CameraError(str(error), cure=find_cure(error)) from error
        self._last = self._clock()
        return CameraImage(grey, rest[0] if rest else None, self._last)

    def close(self) -> None:
        """Stop the camera and give it back. May be called more than once."""
        camera, self._camera = self._camera, None
        if camera is not None:
            with contextlib.suppress(*_FAULTS):
                camera.close()

    def _index(self) -> int:
        """The place of the camera in picamera2's list. Raises CameraError when it is not there (any more)."""
        ids = camera_ids(self._library)
        if isinstance(self._which, str) and self._which in ids:
            return ids.index(self._which)
        if isinstance(self._which, int) and self._which < len(ids):
            return self._which
        raise CameraError(f"there is none; those that there are: {', '.join(ids) or 'none'}", cure=PLUG_IN)

    def _configure(self) -> dict[str, Size]:
        """Ask for the streams. Returns the size of each, the smaller first: the camera adjusts what it is asked for."""
        size = self._options.size or self._default_size()
        wanted = {"main": size} | ({"lores": search_size(size)} if search_size(size) != size else {})
        streams = {name: {"size": asked, "format": "YUV420"} for name, asked in wanted.items()}
        self._camera.configure(
            self._camera.create_video_configuration(**streams, controls=self._pace(), buffer_count=BUFFERS)
        )
        given = self._camera.camera_configuration()
        for name in wanted:
            if given[name]["format"] not in LUMA_FIRST:
                raise CameraError(f"it gives {given[name]['format']}, where YUV420 or NV12 is needed")
        sizes: dict[Size, str] = {given[name]["size"]: name for name in wanted}  # two of one size are one
        return {sizes[size]: size for size in sorted(sizes)}

    def _default_size(self) -> Size:
        width, height = self._camera.sensor_resolution
        return DEFAULT_WIDTH, 16 * round(DEFAULT_WIDTH * height / width / 16)

    def _pace(self) -> dict[str, Size]:
        if not self._options.fps or "FrameDurationLimits" not in self._camera.camera_controls:
            return {}
        duration = round(1e6 / self._options.fps)
        return {"FrameDurationLimits": (duration, duration)}

    def _plane(self, request: Any, stream: str) -> NDArray[np.uint8]:
        """A copy of the Y plane, without the padding of its rows; the request can then go back to the camera."""
        width, height = self._sizes[stream]
        with self._library.MappedArray(request, stream, write=False) as mapped:
            return np.array(mapped.array[:height, :width], np.uint8, order="C")


def _construct(picamera2: Any, index: int) -> Any:
    """A new Picamera2. Its constructor leaves a pipe open when it fails, each time that a camera is busy."""
    camera = picamera2.__new__(picamera2)
    try:
        camera.__init__(index)
    except _FAULTS as error:
        with contextlib.suppress(AttributeError, OSError):
            camera.notifymeread.close()
            os.close(camera.notifyme_w)
        # The camera is listed and still cannot be had: picamera2 does not tell why, but in general it is in use.
        cure = find_cure(error) if isinstance(error, OSError) else FREE_CAMERA
        raise CameraError(str(error), cure=cure) from error
    return camera


def camera_ids(picamera2: Any) -> list[str]:
    """The ids that libcamera gives its cameras, in the order in which the module `picamera2` counts them."""
    return [str(camera["Id"]) for camera in picamera2.Picamera2.global_camera_info()]


def find_picamera2() -> Any:
    """The module picamera2, or None where it cannot be imported."""
    # What goes wrong is said once by this project; picamera2 and libcamera would say it again at each attempt.
    os.environ.setdefault("LIBCAMERA_LOG_LEVELS", "*:ERROR")
    logging.getLogger("picamera2").setLevel(logging.CRITICAL)
    try:
        import picamera2
    except ImportError:
        return None
    return picamera2
