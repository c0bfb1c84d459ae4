from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from tests.support.fake_picamera2 import fake_picamera2
from tests.support.processes import run

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


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "ImportError: cannot import name 'Picamera2' from 'picamera2' (unknown location)"),
        (
            "raise ValueError('numpy.dtype size changed,\\nmay indicate binary incompatibility')",
            "ValueError: numpy.dtype size changed, may indicate binary incompatibility",
        ),
        ("import no_libcamera", "ModuleNotFoundError: No module named 'no_libcamera'"),
        (
            "raise OSError('libcamera.so.0.4: cannot open shared object file')",
            "OSError: libcamera.so.0.4: cannot open shared object file",
        ),
    ],
    ids=["an empty folder", "another NumPy", "without libcamera", "a library is missing"],
)
def test_a_picamera2_that_cannot_be_imported_is_one_line_with_the_reason(
    tmp_path: Path, content: str | None, reason: str
) -> None:
    (tmp_path / "picamera2").mkdir()
    if content:
        (tmp_path / "picamera2" / "__init__.py").write_text(content)
    flags = ("--camera", "97", "--mqtt", "none", "--check")
    done = run("fer_edge", *flags, env={"PYTHONPATH": f"{tmp_path}:{':'.join(sys.path)}"})
    assert done.code == 1
    assert f"(picamera2 cannot be imported: {reason}, and there is no /dev/video97)" in done.out + done.err
    assert "Traceback" not in done.out + done.err


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
