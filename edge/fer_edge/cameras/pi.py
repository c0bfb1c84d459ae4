"""The cameras of a Raspberry Pi, through picamera2."""

from __future__ import annotations

import contextlib
import logging
import os
import time
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from fer_edge.cameras.auto_exposure import AutoExposure
from fer_edge.cameras.base import CameraError, CameraImage, SourceKind
from fer_edge.cameras.cures import CHECK_CABLE, FREE_CAMERA, PLUG_IN, find_cure
from fer_edge.cameras.frame import Colour, search_size
from fer_edge.cameras.reconnecting import ReconnectingCamera
from fer_edge.config.camera import CameraOptions, Size

log = logging.getLogger(__name__)

DEFAULT_WIDTH = 1280  # pixels; the height follows from the sensor, since any other shape would crop its field of view
READ_TIMEOUT = 0.5  # seconds for a frame; without a timeout picamera2 would wait forever
STALL_TIMEOUT = 3.0  # seconds without a frame after which the camera counts as stalled ...
STARTUP_FRAMES = 5  # ... plus the time of this many frames, which a camera may drop at its start
BUFFERS = 4  # one is being filled, one waits, one is read, and one is spare; picamera2's default of six costs memory
TO_COLOUR = {  # by the format; all of these begin with the Y plane
    "YUV420": cv2.COLOR_YUV2BGR_I420,
    "YVU420": cv2.COLOR_YUV2BGR_YV12,
    "NV12": cv2.COLOR_YUV2BGR_NV12,
    "NV21": cv2.COLOR_YUV2BGR_NV21,
}
DEVICE_TREE = "/base/"  # what the libcamera id of a Pi camera begins with

# What picamera2 and libcamera raise when a camera is busy or gone, or stops in the middle of a call.
_LIBRARY_ERRORS = (RuntimeError, OSError, LookupError, TypeError)
# What importing picamera2 raises; with another NumPy than it was compiled for it is ValueError.
_IMPORT_ERRORS = (ImportError, ValueError, AttributeError, *_LIBRARY_ERRORS)


class PiCamera:
    """A camera of the Raspberry Pi. Grey images need no conversion: they are the Y planes of its two streams.

    Faces are searched for in the stream `lores` and cropped from `main`. The Picamera2 object is kept after a stall,
    since each new one leaks memory (raspberrypi/picamera2#1130).

    Attributes:
        keeps_colour: Whether images have their colour.
    """

    def __init__(
        self, which: int | str, picamera2: Any, options: CameraOptions, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        """Nothing is opened yet.

        Args:
            which: Index into `camera_ids`, or one of these ids.
            picamera2: The module of this name.
            options: Size and rate to ask for.
            monotonic: Gives seconds.
        """
        self.name, self.keeps_colour = f"picamera2 {which}", False
        self._which, self._library, self._options, self._monotonic = which, picamera2, options, monotonic
        self._camera: Any = None
        self._sizes: dict[str, Size] = {}  # of each stream, the smaller one first
        self._exposure: AutoExposure | None = None  # while it works
        self._last = 0.0  # time of the last frame, or of the start

    def open(self) -> None:
        """Start the camera, or restart it after a stall. Raises CameraError when it is busy or gone."""
        try:
            index = self._find_index()
            if self._camera is None:
                self._camera = _construct(self._library.Picamera2, index)
                self._sizes = self._configure()
            else:
                self._camera.stop()
            self._camera.start()
            self._exposure = AutoExposure(self._camera, self._monotonic)
            self._last = self._monotonic()
        except CameraError:
            self.close()
            raise
        except _LIBRARY_ERRORS as error:
            self.close()
            raise CameraError(str(error), cure=find_cure(error)) from error

    def read(self) -> CameraImage | None:
        """Wait for the next image; None if none arrives within READ_TIMEOUT. Raises CameraError when it stalls."""
        try:
            with self._camera.captured_request(wait=READ_TIMEOUT) as request:
                grey, *rest = (self._copy_plane(request, stream) for stream in self._sizes)
                colour = self._copy_colour(request) if self.keeps_colour else None
                self._adapt_exposure(request)
        except TimeoutError:
            self._camera.cancel_all_and_flush()  # or the job that waits for a frame would take the next one
            if self._monotonic() - self._last > STALL_TIMEOUT + STARTUP_FRAMES / (self._options.fps or 30):
                raise CameraError("it has stalled", cure=CHECK_CABLE) from None
            return None
        except _LIBRARY_ERRORS as error:
            raise CameraError(str(error), cure=find_cure(error)) from error
        self._last = self._monotonic()
        return CameraImage(grey, rest[0] if rest else None, self._last, colour)

    def close(self) -> None:
        """Stop and release the camera. Safe to call more than once."""
        camera, self._camera, self._exposure = self._camera, None, None
        if camera is not None:
            with contextlib.suppress(*_LIBRARY_ERRORS):
                camera.close()

    def _find_index(self) -> int:
        """Return the index of the camera in picamera2's list. Raises CameraError when it is not in it."""
        ids = camera_ids(self._library)
        if isinstance(self._which, str) and self._which in ids:
            return ids.index(self._which)
        if isinstance(self._which, int) and self._which < len(ids):
            return self._which
        raise CameraError(f"there is none; available: {', '.join(ids) or 'none'}", cure=PLUG_IN)

    def _configure(self) -> dict[str, Size]:
        """Configure the streams. Returns their sizes, which the camera may have adjusted, the smaller one first."""
        size = self._options.size or self._default_size()
        sizes = {"main": size} | ({"lores": search_size(size)} if search_size(size) != size else {})
        streams = {name: {"size": asked, "format": "YUV420"} for name, asked in sizes.items()}
        self._camera.configure(
            self._camera.create_video_configuration(**streams, controls=self._rate_controls(), buffer_count=BUFFERS)
        )
        actual = self._camera.camera_configuration()
        for name in sizes:
            if actual[name]["format"] not in TO_COLOUR:
                raise CameraError(f"its format is {actual[name]['format']}, but YUV420 or NV12 is needed")
        by_size: dict[Size, str] = {actual[name]["size"]: name for name in sizes}  # streams of equal size count as one
        return {by_size[size]: size for size in sorted(by_size)}

    def _default_size(self) -> Size:
        width, height = self._camera.sensor_resolution
        return DEFAULT_WIDTH, 16 * round(DEFAULT_WIDTH * height / width / 16)

    def _rate_controls(self) -> dict[str, Size]:
        if not self._options.fps or "FrameDurationLimits" not in self._camera.camera_controls:
            return {}
        duration = round(1e6 / self._options.fps)  # microseconds
        return {"FrameDurationLimits": (duration, duration)}

    def _copy_plane(self, request: Any, stream: str) -> NDArray[np.uint8]:
        """Copy the Y plane without the padding of its rows, so that the request can go back to the camera."""
        width, height = self._sizes[stream]
        with self._library.MappedArray(request, stream, write=False) as mapped:
            return np.array(mapped.array[:height, :width], np.uint8, order="C")

    def _copy_colour(self, request: Any) -> Colour:
        """Copy all planes of the smaller stream, with the padding of their rows: it is cut off after the conversion."""
        stream, (width, height) = next(iter(self._sizes.items()))
        code = TO_COLOUR[self._camera.camera_configuration()[stream]["format"]]
        with self._library.MappedArray(request, stream, write=False) as mapped:
            planes = np.array(mapped.array, np.uint8, order="C")
        return lambda: np.asarray(cv2.cvtColor(planes, code)[:height, :width], np.uint8)

    def _adapt_exposure(self, request: Any) -> None:
        """Let the exposure follow the light of the scene. After an error the camera goes on without this."""
        try:
            if self._exposure:
                self._exposure.update(request)
        except _LIBRARY_ERRORS as error:
            log.warning("camera %s: cannot adapt its exposure to a dark scene: %s", self.name, error)
            self._exposure = None


def _construct(picamera2: Any, index: int) -> Any:
    """Make a new Picamera2 object. Raises CameraError.

    Its constructor leaves a pipe open when it fails, which it does each time that a camera is busy.
    """
    camera = picamera2.__new__(picamera2)
    try:
        camera.__init__(index)
    except _LIBRARY_ERRORS as error:
        with contextlib.suppress(AttributeError, OSError):
            camera.notifymeread.close()
            os.close(camera.notifyme_w)
        # picamera2 lists the camera and still cannot open it. Its RuntimeError gives no reason; usually it is in use.
        cure = find_cure(error) if isinstance(error, OSError) else FREE_CAMERA
        raise CameraError(str(error), cure=cure) from error
    return camera


def camera_ids(picamera2: Any) -> list[str]:
    """List the ids that libcamera gives its cameras, in the order in which the module `picamera2` counts them."""
    return [str(camera["Id"]) for camera in picamera2.Picamera2.global_camera_info()]


def find_picamera2() -> tuple[Any, str]:
    """Import the module picamera2. Returns it, or None and why it cannot be used, such as "is not installed"."""
    # Failures are logged once by this project; picamera2 and libcamera would log them again at every attempt.
    os.environ.setdefault("LIBCAMERA_LOG_LEVELS", "*:ERROR")
    logging.getLogger("picamera2").setLevel(logging.CRITICAL)
    try:
        import picamera2
        from picamera2 import Picamera2  # noqa: F401 - any folder of that name can be imported, too
    except _IMPORT_ERRORS as error:
        if isinstance(error, ModuleNotFoundError) and error.name == "picamera2":
            return None, "is not installed"
        return None, f"cannot be imported: {type(error).__name__}: {' '.join(str(error).split())}"
    return picamera2, ""


def _is_id(spec: str) -> bool:
    library, _ = find_picamera2()
    return bool(library) and (spec.startswith(DEVICE_TREE) or spec in camera_ids(library))


ID_KIND = SourceKind(
    "id",
    matches=_is_id,
    open=lambda spec, options: ReconnectingCamera(PiCamera(spec, find_picamera2()[0], options), options),
    uses_devices=True,
)
