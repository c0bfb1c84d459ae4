"""A light that is on exactly while a camera is open, for the people in front of it."""

from __future__ import annotations

from typing import Protocol

from fer_edge.cameras.base import Camera, CameraImage
from fer_edge.errors import FerError


class LightError(FerError, OSError):
    """The light cannot be switched, so the camera stays closed."""


class Light(Protocol):
    """A light, such as gpiozero.LED."""

    def on(self) -> None:
        """Switch it on."""
        ...

    def off(self) -> None:
        """Switch it off."""
        ...


class LitCamera:
    """A camera with a light that is on before it is opened, and off only after it is closed or could not be opened.

    While the camera fails, or a thread hangs in it, the light stays on: it may still be recording.
    """

    def __init__(self, camera: Camera, light: Light) -> None:
        """The light has to be off."""
        self._camera, self._light = camera, light

    @property
    def name(self) -> str:
        """Name of the camera."""
        return self._camera.name

    @property
    def keeps_colour(self) -> bool:
        """Whether its images keep their colour, see Camera."""
        return self._camera.keeps_colour

    @keeps_colour.setter
    def keeps_colour(self, value: bool) -> None:
        self._camera.keeps_colour = value

    def open(self) -> None:
        """Switch the light on and open the camera. Raises CameraError."""
        self._light.on()
        try:
            self._camera.open()
        except BaseException:
            self.close()
            raise

    def read(self) -> CameraImage | None:
        """Wait for the next image, see Camera. Raises CameraError."""
        return self._camera.read()

    def close(self) -> None:
        """Release the camera and switch the light off."""
        self._camera.close()
        self._light.off()


def open_light(pin: int) -> Light:
    """The light at a pin of a Raspberry Pi, switched off, in case that an earlier run was killed.

    Raises:
        LightError: gpiozero is not installed, or there is no such pin that this user may use.
    """
    try:
        from gpiozero import LED
    except ImportError as error:
        cure = "sudo apt install python3-gpiozero python3-lgpio"
        raise LightError("needs gpiozero, which is not installed", setting="camera.light", cure=cure) from error
    try:
        led: Light = LED(pin, initial_value=False)
    except Exception as error:  # each of its drivers has its own errors
        text = " ".join(str(error).split()) or type(error).__name__
        cure = "check the number of the pin, and that this user is in the group gpio"
        raise LightError(f"gpio:{pin} cannot be used: {text}", setting="camera.light", cure=cure) from error
    return led
