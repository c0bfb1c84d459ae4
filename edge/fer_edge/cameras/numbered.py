"""The camera with a number: a Pi's own, else /dev/videoN."""

from __future__ import annotations

from pathlib import Path

from fer_edge.cameras.base import Camera, CameraError, CameraImage, SourceKind
from fer_edge.cameras.cures import PLUG_IN
from fer_edge.cameras.pi import PiCamera, camera_ids, find_picamera2
from fer_edge.cameras.reconnecting import ReconnectingCamera
from fer_edge.cameras.v4l2 import v4l2_camera
from fer_edge.config.camera import CameraOptions

USB = "/usb"  # part of the libcamera id of a USB camera


class NumberedCamera:
    """The Pi's camera with a number if it exists, else /dev/videoN.

    The camera is searched for each time it is opened, because a Pi's own may appear later than its /dev/videoN. That
    device delivers no images.

    Attributes:
        keeps_colour: Whether images have their colour.
    """

    def __init__(self, number: int, options: CameraOptions, devices: Path = Path("/dev")) -> None:
        self.keeps_colour = False
        self._number, self._options = number, options
        self._device = devices / f"video{number}"
        self._camera: Camera | None = self._find()

    @property
    def name(self) -> str:
        """Human-readable name of the camera, or only its number before it is found."""
        return self._camera.name if self._camera else str(self._number)

    def open(self) -> None:
        """Find the camera and start it. Raises CameraError."""
        if not isinstance(self._camera, PiCamera):
            self._camera = self._find()
        if not self._camera:
            _, problem = find_picamera2()
            raise CameraError(
                f"there is none (picamera2 {problem or 'finds none'}, and there is no {self._device})", cure=PLUG_IN
            )
        self._camera.open()

    def read(self) -> CameraImage | None:
        """Wait for the next image; None if none arrives within about half a second. Raises CameraError."""
        if not self._camera:
            raise CameraError("it is not open")
        self._camera.keeps_colour = self.keeps_colour
        return self._camera.read()

    def close(self) -> None:
        """Release the camera. Safe to call more than once."""
        if self._camera:
            self._camera.close()

    def _find(self) -> Camera | None:
        library, _ = find_picamera2()
        # libcamera lists USB cameras as well, but they offer neither YUV420 nor two streams.
        if library and self._number < len(ids := camera_ids(library)) and USB not in ids[self._number]:
            return PiCamera(self._number, library, self._options)
        return v4l2_camera(str(self._device), self._options) if self._device.exists() else None


NUMBER_KIND = SourceKind(
    "number",
    matches=str.isdecimal,
    open=lambda spec, options: ReconnectingCamera(NumberedCamera(int(spec), options), options),
    uses_devices=True,
)
