"""The registry: which kind of source a value of --camera names. `base.py` holds only what the kinds have in common."""

from __future__ import annotations

import itertools
import logging
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from tests.support.clock import FakeClock
from tests.support.fake_picamera2 import fake_picamera2
from tests.support.media import MEDIA, WALK

from fer_edge.cameras import factory
from fer_edge.cameras.base import CameraError, FrameSource, SourceKind
from fer_edge.cameras.browser import BrowserCamera
from fer_edge.cameras.factory import KINDS, find_kind, open_source
from fer_edge.cameras.files import PictureFiles, VideoFile
from fer_edge.cameras.pi import PiCamera
from fer_edge.cameras.reconnecting import ReconnectingCamera
from fer_edge.config.camera import SOURCE_KINDS, CameraOptions
from fer_edge.errors import UsageError


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    module = fake_picamera2()
    monkeypatch.setitem(sys.modules, "picamera2", module)
    return module


def test_every_kind_of_source_has_a_help_text_under_its_name() -> None:
    assert {kind.name for kind in KINDS} == SOURCE_KINDS.keys()
    assert len(KINDS) == len(SOURCE_KINDS)


def test_a_new_kind_needs_no_more_than_an_entry_in_the_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    def open_thermal(spec: str, options: CameraOptions) -> FrameSource:
        return BrowserCamera(options)

    thermal = SourceKind("thermal", matches=lambda spec: spec == "thermal:0", open=open_thermal)
    with pytest.raises(UsageError):
        open_source("thermal:0")
    monkeypatch.setattr(factory, "KINDS", (*KINDS, thermal))
    assert open_source("thermal:0").live


@pytest.mark.parametrize(
    ("spec", "kind"),
    [
        ("browser", BrowserCamera),
        ("0", ReconnectingCamera),
        ("/dev/video99", ReconnectingCamera),
        ("RTSP://cam.example/stream", ReconnectingCamera),
        (str(WALK), VideoFile),
        (str(MEDIA / "faces"), PictureFiles),
        (str(MEDIA / "faces" / "bryan.png"), PictureFiles),
    ],
)
def test_a_value_names_a_source_of_its_kind(spec: str, kind: type) -> None:
    assert isinstance(open_source(spec), kind)


@pytest.mark.parametrize(
    ("spec", "uses_devices"),
    [("0", True), ("/dev/video0", True), ("/base/soc/i2c", True), ("http://h/", False), ("browser", False)],
)
def test_only_cameras_of_this_machine_need_device_nodes(
    library: SimpleNamespace, spec: str, uses_devices: bool
) -> None:
    kind = find_kind(spec)
    assert kind
    assert kind.uses_devices is uses_devices


@pytest.mark.parametrize("spec", ["nosuch.mp4", "nosuch.png", "", "-1", "1.5"])
def test_a_value_of_no_kind_is_refused_with_all_kinds_as_the_cure(spec: str) -> None:
    with pytest.raises(UsageError, match="no such file") as caught:
        open_source(spec)
    assert caught.value.setting == "camera.source"
    assert all(str(caught.value.cure).count(text) == 1 for text in SOURCE_KINDS.values())


def test_a_folder_without_pictures_and_a_device_that_is_not_a_camera_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no pictures"):
        open_source(str(tmp_path))
    with pytest.raises(UsageError, match="/dev/null: not a camera"):
        open_source("/dev/null")


def test_a_number_names_the_pi_camera_where_there_is_one(library: SimpleNamespace) -> None:
    source = open_source("0")
    assert source.name == "picamera2 0"
    frames = [frame for frame in itertools.islice(source, 20) if frame]
    source.close()
    assert {frame.grey.shape for frame in frames} == {(480, 640)}
    assert library.hardware.owner is None


def test_an_id_names_the_camera_that_has_it(library: SimpleNamespace) -> None:
    own = library.hardware.ids[0]
    assert open_source(own).name == f"picamera2 {own}"
    assert open_source("/base/not/yet/there").name == "picamera2 /base/not/yet/there"


def test_both_images_of_a_camera_are_turned(library: SimpleNamespace) -> None:
    source = open_source("0", CameraOptions(rotate=90))
    frame = next(frame for frame in source if frame)
    source.close()
    assert frame.grey.shape == (640, 480)
    assert frame.detail is not None
    assert frame.detail.shape == (1280, 960)


def test_a_pi_camera_whose_cable_is_pulled_and_put_back_continues_with_the_same_object(
    library: SimpleNamespace, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    clock = FakeClock()
    library.hardware.wait = clock.advance
    camera = PiCamera(0, library, CameraOptions(), clock.monotonic)
    source = ReconnectingCamera(camera, CameraOptions(), clock=clock)
    given = iter(source)
    assert next(frame for frame in given if frame)
    library.hardware.delivers = False
    while str(source.problem) != "it has stalled":
        next(given)
    assert next(given) is None
    library.hardware.delivers = True
    assert next(frame for frame in given if frame)
    assert source.problem is None
    source.close()
    assert (library.hardware.made, library.hardware.starts) == (1, 2)
    assert [record.message.rpartition(", ")[2] for record in caplog.records] == [
        "retrying",
        "camera picamera2 0: delivering frames again",
    ]


def test_a_camera_that_is_missing_is_a_problem_of_the_source_with_its_cure() -> None:
    source = open_source("/dev/video99")
    assert next(iter(source)) is None
    source.close()
    assert source.problem
    assert source.problem.text == "no such file or directory"
    assert str(source.problem.cure).startswith("plug it in")
    assert not isinstance(source.problem, CameraError)
