"""Which source a name on the command line means."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

from fer_edge.cameras.base import Camera, CameraError, CameraImage, FrameSource
from fer_edge.cameras.browser import BROWSER, BrowserCamera
from fer_edge.cameras.cures import PLUG_IN
from fer_edge.cameras.files import PictureFiles, VideoFile
from fer_edge.cameras.opencv import SCHEMES, network_camera, v4l2_camera
from fer_edge.cameras.pi import PiCamera, camera_ids, find_picamera2
from fer_edge.cameras.pictures import PICTURE_SUFFIXES
from fer_edge.cameras.reconnecting import ReconnectingCamera
from fer_edge.config.camera import SPECS, CameraOptions
from fer_edge.errors import UsageError

VIDEO4LINUX = 81  # the major number of its devices
USB, DEVICE_TREE = "/usb", "/base/"  # in, and before, the ids of libcamera


class NumberedCamera:
    """The camera of a number: the Pi's if there is one, else /dev/videoN.

    It is looked for at each opening, since a Pi's may be found late, after its /dev/videoN, which gives no pictures.
    """

    def __init__(self, number: int, options: CameraOptions) -> None:
        self._number, self._options = number, options
        self._found: Camera | None = self._find()

    @property
    def name(self) -> str:
        """Which camera, as far as it is known."""
        return self._found.name if self._found else str(self._number)

    def open(self) -> None:
        """Find and start it. Raises CameraError."""
        if not isinstance(self._found, PiCamera):
            self._found = self._find()
        if not self._found:
            raise CameraError(
                f"there is none (picamera2 {'finds none' if find_picamera2() else 'is not installed'}, "
                f"and there is no {self._device})",
                cure=PLUG_IN,
            )
        self._found.open()

    def read(self) -> CameraImage | None:
        """The next picture, if it has come. Raises CameraError."""
        if not self._found:
            raise CameraError("it was not opened")
        return self._found.read()

    def close(self) -> None:
        """Give it back."""
        if self._found:
            self._found.close()

    @property
    def _device(self) -> str:
        return f"/dev/video{self._number}"

    def _find(self) -> Camera | None:
        library = find_picamera2()
        # libcamera lists USB cameras, too, but they give no YUV420 and no two streams.
        if library and self._number < len(ids := camera_ids(library)) and USB not in ids[self._number]:
            return PiCamera(self._number, library, self._options)
        return v4l2_camera(self._device, self._options) if Path(self._device).exists() else None


def open_source(spec: str, options: CameraOptions | None = None) -> FrameSource:
    """The source that `spec` names, as `cameraoptions.SPECS` tells. A camera is opened later, and may be away.

    Raises UsageError for what is none of these.
    """
    options = options or CameraOptions()
    if spec == BROWSER:
        return BrowserCamera(options)
    camera = _camera(spec, options)
    if camera:
        return ReconnectingCamera(camera, options)
    path = Path(spec or "(empty)")  # Path("") would be the folder in which we stand
    if path.is_dir() or (path.suffix.lower() in PICTURE_SUFFIXES and path.exists()):
        return PictureFiles(path, options)
    if path.is_file():
        return VideoFile(path, options)
    raise UsageError(f"{spec}: no such file", setting="camera.source", cure=f"give {SPECS}")


def _camera(spec: str, options: CameraOptions) -> Camera | None:
    """The camera that `spec` names, or None when it names something else."""
    if spec.isdecimal():
        return NumberedCamera(int(spec), options)
    if re.match(rf"({'|'.join(SCHEMES)})://", spec, re.IGNORECASE):
        return network_camera(spec, options)
    if spec.startswith("/dev/"):
        return v4l2_camera(_checked_device(spec), options)
    library = find_picamera2()
    if library and (spec.startswith(DEVICE_TREE) or spec in camera_ids(library)):
        return PiCamera(spec, library, options)
    return None


def _checked_device(device: str) -> str:
    """A device that is a camera, or that is not there yet. Raises UsageError for any other."""
    try:
        found = Path(device).stat()
    except OSError:
        return device
    if not stat.S_ISCHR(found.st_mode) or os.major(found.st_rdev) != VIDEO4LINUX:
        raise UsageError(f"{device}: not a camera", setting="camera.source")
    return device
