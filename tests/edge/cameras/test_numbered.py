from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from tests.support.fake_picamera2 import fake_picamera2

from fer_edge.cameras.base import CameraError
from fer_edge.cameras.cures import PLUG_IN
from fer_edge.cameras.numbered import NumberedCamera
from fer_edge.config.camera import CameraOptions


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    module = fake_picamera2()
    monkeypatch.setitem(sys.modules, "picamera2", module)
    return module


def numbered(number: int, devices: Path = Path("/dev")) -> NumberedCamera:
    return NumberedCamera(number, CameraOptions(), devices)


def test_a_usb_camera_is_not_read_through_picamera2_although_it_lists_it(library: SimpleNamespace) -> None:
    assert "usb" in library.hardware.ids[1]
    with pytest.raises(CameraError, match="picamera2 finds none"):
        numbered(1).open()


def test_the_error_of_a_number_without_a_camera_names_where_it_was_searched_for(library: SimpleNamespace) -> None:
    with pytest.raises(CameraError, match=r"there is none .*picamera2 finds none.*/dev/video97") as caught:
        numbered(97).open()
    assert caught.value.cure == PLUG_IN


def test_without_picamera2_the_error_says_that_it_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "picamera2", None)
    with pytest.raises(CameraError, match=r"there is none .*picamera2 is not installed.*/dev/video97"):
        numbered(97).open()


def test_a_camera_that_is_connected_later_is_found(library: SimpleNamespace) -> None:
    connected, library.hardware.ids = library.hardware.ids, []
    camera = numbered(0)
    assert camera.name == "0"
    with pytest.raises(CameraError, match="there is none"):
        camera.open()
    with pytest.raises(CameraError, match="not open"):
        camera.read()
    library.hardware.ids = connected
    camera.open()
    assert camera.name == "picamera2 0"
    assert camera.read()
    camera.close()
    assert library.hardware.owner is None


def test_a_pi_camera_is_preferred_even_when_it_is_found_later_than_its_device(
    library: SimpleNamespace, tmp_path: Path
) -> None:
    connected, library.hardware.ids = library.hardware.ids, []
    (tmp_path / "video0").touch()  # it is there, but delivers no images
    camera = numbered(0, tmp_path)
    assert camera.name == str(tmp_path / "video0")
    with pytest.raises(CameraError, match="not a camera"):
        camera.open()
    library.hardware.ids = connected
    camera.open()
    assert camera.name == "picamera2 0"
    camera.close()


def test_the_colour_is_asked_for_at_the_camera_that_was_found(library: SimpleNamespace) -> None:
    camera = numbered(0)
    camera.open()
    camera.keeps_colour = True
    image = camera.read()
    camera.close()
    assert image
    assert image.colour
