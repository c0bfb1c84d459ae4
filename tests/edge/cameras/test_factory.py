"""Which camera a name means. Files are in `test_frames`."""

from __future__ import annotations

import itertools
import logging
import time
from types import SimpleNamespace

import pytest
from tests.support.fake_picamera2 import fake_picamera2

from fer_edge.cameras import factory as cameras
from fer_edge.cameras import pi as picamera
from fer_edge.cameras.base import CameraError
from fer_edge.cameras.factory import NumberedCamera, open_source
from fer_edge.cameras.frame import Frame
from fer_edge.cameras.reconnecting import ReconnectingCamera
from fer_edge.config.camera import CameraOptions
from fer_edge.errors import UsageError


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    made = fake_picamera2()
    monkeypatch.setattr(cameras, "find_picamera2", lambda: made)
    return made


def no_picamera2(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cameras, "find_picamera2", lambda: None)


def test_a_number_means_the_pi_camera_where_there_is_one(library: SimpleNamespace) -> None:
    source = open_source("0")
    assert isinstance(source, ReconnectingCamera)
    assert source.name == "picamera2 0"
    frames = [frame for frame in itertools.islice(source, 20) if frame]
    source.close()
    assert {frame.grey.shape for frame in frames} == {(480, 640)}
    assert library.hardware.owner is None


def test_a_cable_that_is_pulled_in_mid_run_and_put_back_costs_no_new_object(
    library: SimpleNamespace, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    monkeypatch.setattr(picamera, "TIMEOUT", 0.5)
    library.hardware.wait = time.sleep
    source = open_source("0")
    given = iter(source)
    assert next(given)
    library.hardware.delivers = False
    assert next(frame is None for frame in given if not frame)
    assert source.problem
    library.hardware.delivers = True
    assert next(frame for frame in given if frame)
    source.close()
    assert library.hardware.made == 1
    assert library.hardware.starts == 2
    assert [record.message for record in caplog.records] == [
        "camera picamera2 0: it has stalled, trying again",
        "camera picamera2 0: it is back",
    ]


def test_the_picture_of_a_camera_is_turned_and_so_is_its_detail(library: SimpleNamespace) -> None:
    source = open_source("0", CameraOptions(rotate=90))
    frame = next(frame for frame in source if frame)
    source.close()
    assert frame.grey.shape == (640, 480)
    assert isinstance(frame, Frame)
    assert frame.detail is not None
    assert frame.detail.shape == (1280, 960)


def test_an_id_means_the_camera_that_has_it(library: SimpleNamespace) -> None:
    name = library.hardware.ids[0]
    assert open_source(name).name == f"picamera2 {name}"
    assert open_source("/base/not/yet/there").name == "picamera2 /base/not/yet/there"


def test_a_usb_camera_is_read_through_linux_though_picamera2_lists_it(library: SimpleNamespace) -> None:
    with pytest.raises(CameraError, match="picamera2 finds none"):
        NumberedCamera(1, CameraOptions()).open()


def test_a_number_that_nobody_has_says_where_it_looked(
    library: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(CameraError, match=r"there is none .*picamera2 finds none.*/dev/video97"):
        NumberedCamera(97, CameraOptions()).open()
    no_picamera2(monkeypatch)
    with pytest.raises(CameraError, match=r"there is none .*picamera2 is not installed.*/dev/video97"):
        NumberedCamera(97, CameraOptions()).open()


def test_a_camera_that_comes_later_is_found(library: SimpleNamespace) -> None:
    there, library.hardware.ids = library.hardware.ids, []
    camera = NumberedCamera(0, CameraOptions())
    assert camera.name == "0"
    with pytest.raises(CameraError, match="there is none"):
        camera.open()
    library.hardware.ids = there
    camera.open()
    assert camera.name == "picamera2 0"
    assert camera.read()
    camera.close()
    assert library.hardware.owner is None


def test_the_pi_camera_is_preferred_even_when_it_is_found_late(
    library: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    there, library.hardware.ids = library.hardware.ids, []
    monkeypatch.setattr(NumberedCamera, "_device", "/dev/null")  # there, but it gives no pictures
    camera = NumberedCamera(0, CameraOptions())
    with pytest.raises(CameraError, match="not a camera"):
        camera.open()
    library.hardware.ids = there
    camera.open()
    assert camera.name == "picamera2 0"
    camera.close()


def test_a_device_may_come_later_unless_it_is_no_camera() -> None:
    assert open_source("/dev/video99").name == "/dev/video99"
    with pytest.raises(UsageError, match="/dev/null: not a camera"):
        open_source("/dev/null")


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("rtsp://user:secret@cam.example:554/stream", "rtsp://cam.example:554/stream"),
        ("http://cam.example/video?user=a&password=secret", "http://cam.example/video"),
        ("https://[::1]:8443/", "https://[::1]:8443/"),
    ],
)
def test_an_address_is_named_without_its_secrets(address: str, name: str) -> None:
    assert open_source(address).name == name


@pytest.mark.parametrize("address", ["rtsp://", "http://user:secret@", "http://secret@h:99999/", "rtsp://secret@h:x/"])
def test_an_address_that_is_none_is_refused_without_telling_its_secrets(address: str) -> None:
    with pytest.raises(UsageError, match="expected") as caught:
        open_source(address)
    assert "secret" not in str(caught.value)
