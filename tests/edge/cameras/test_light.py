"""The light beside the camera, on the mock pins of gpiozero."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from gpiozero import Device
from gpiozero.pins.mock import MockFactory
from tests.support.media import WALK
from tests.support.mjpeg import MjpegCamera
from tests.support.waiting import wait_until

from fer_edge.cameras.base import CameraError, CameraImage
from fer_edge.cameras.factory import open_source
from fer_edge.cameras.light import LightError, LitCamera, open_light

PIN = 17


@pytest.fixture(autouse=True)
def pins() -> Iterator[MockFactory]:
    before, Device.pin_factory = Device.pin_factory, MockFactory()
    yield Device.pin_factory
    Device.pin_factory.reset()
    Device.pin_factory = before


class RecordingCamera:
    """Records whether the light is on when it is opened, read and closed."""

    name = "fake"

    def __init__(self, pins: MockFactory, *, present: bool = True) -> None:
        self.lit: list[tuple[str, int]] = []
        self._pins, self._present = pins, present

    def open(self) -> None:
        self._record("open")
        if not self._present:
            raise CameraError("there is none")

    def read(self) -> CameraImage | None:
        self._record("read")
        raise CameraError("unplugged")

    def close(self) -> None:
        self._record("close")

    def _record(self, name: str) -> None:
        self.lit.append((name, self._pins.pin(PIN).state))


def test_the_light_is_on_from_before_the_camera_is_opened_until_it_is_closed(pins: MockFactory) -> None:
    inner = RecordingCamera(pins)
    camera = LitCamera(inner, open_light(PIN))
    assert pins.pin(PIN).state == 0
    camera.open()
    with pytest.raises(CameraError):
        camera.read()
    assert pins.pin(PIN).state == 1
    camera.open()  # again, after the failure
    camera.close()
    assert inner.lit == [("open", 1), ("read", 1), ("open", 1), ("close", 1)]
    assert pins.pin(PIN).state == 0
    camera.close()
    assert pins.pin(PIN).state == 0


def test_the_light_is_off_while_the_camera_cannot_be_opened(pins: MockFactory) -> None:
    camera = LitCamera(RecordingCamera(pins, present=False), open_light(PIN))
    with pytest.raises(CameraError):
        camera.open()
    assert pins.pin(PIN).state == 0


def test_a_light_that_a_killed_run_has_left_on_is_off_after_the_start(pins: MockFactory) -> None:
    pins.pin(PIN).function = "output"
    pins.pin(PIN).state = 1
    open_light(PIN)
    assert pins.pin(PIN).state == 0


def test_a_pin_that_cannot_be_used_is_one_line_with_a_cure(pins: MockFactory) -> None:
    first = open_light(PIN)
    with pytest.raises(LightError, match=r"gpio:17 cannot be used: .*in use.*group gpio") as caught:
        open_light(PIN)
    assert "\n" not in str(caught.value)
    first.off()


def test_a_source_of_frames_lights_its_camera_until_it_is_closed_and_again_after_a_pause(pins: MockFactory) -> None:
    server = MjpegCamera()
    source = open_source(server.url, light_pin=PIN)
    assert pins.pin(PIN).state == 0
    for _ in range(2):
        assert wait_until(lambda: next(iter(source)))
        assert pins.pin(PIN).state == 1
        source.close()
        assert pins.pin(PIN).state == 0
    server.stop()


def test_files_have_no_light(pins: MockFactory) -> None:
    source = open_source(str(WALK), light_pin=PIN)
    next(iter(source))
    assert pins.pin(PIN).state == 0
    source.close()
