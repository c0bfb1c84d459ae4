"""Cameras that OpenCV reads: the real FFmpeg against a server that comes and goes, and devices that misbehave."""

from __future__ import annotations

import json
import logging
import signal
import subprocess
import threading
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from tests.support import MEDIA, command, descriptors, free_port
from tests.support.mjpeg import MjpegCamera, jpeg

from fer_edge.cameras.base import CameraError
from fer_edge.cameras.cures import CHECK_ADDRESS, FREE_CAMERA, PLUG_IN
from fer_edge.cameras.factory import open_source
from fer_edge.cameras.frame import Frame
from fer_edge.cameras.opencv import OpenCVCamera, network_camera, v4l2_camera
from fer_edge.config.camera import CameraOptions


@pytest.fixture
def served() -> Iterator[MjpegCamera]:
    camera = MjpegCamera()
    yield camera
    camera.stop()


def frames(given: Iterator[Frame | None], count: int) -> list[Frame]:
    """The next so many frames, however long they take to come."""
    found: list[Frame] = []
    while len(found) < count:
        if frame := next(given):
            found.append(frame)
    return found


def test_an_address_gives_frames_and_work_resumes_after_the_server_was_away(
    served: MjpegCamera, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    source = open_source(served.url)
    given = iter(source)
    before = frames(given, 10)
    assert {frame.grey.shape for frame in before} == {(240, 320)}
    assert served.paths == ["/video?token=secret"]
    served.stop()
    while not source.problem:
        next(given)
    assert next(given) is None
    again = MjpegCamera(served.port)
    after = frames(given, 10)
    source.close()
    again.stop()
    numbers = [frame.number for frame in after]
    assert numbers == list(range(numbers[0], numbers[0] + 10))
    assert numbers[0] >= 10
    assert after[0].time > before[-1].time
    assert [record.message.endswith(("trying again", "it is back")) for record in caplog.records] == [True, True]
    assert "secret" not in caplog.text
    assert "secret" not in source.name


def test_a_server_that_falls_silent_is_noticed_and_work_resumes_when_it_speaks(served: MjpegCamera) -> None:
    silent = threading.Event()
    speaks = threading.Event()

    def picture(number: int) -> bytes:
        if silent.is_set():
            speaks.wait()
        return jpeg(number)

    served.picture = picture
    source = open_source(served.url)
    given = iter(source)
    frames(given, 10)
    silent.set()
    while next(given):
        pass
    assert str(source.problem) == "no frame for 2 seconds"
    speaks.set()
    frames(given, 10)
    assert source.problem is None
    source.close()


def test_the_daemon_ends_the_faces_of_a_camera_that_went_away_and_starts_anew_when_it_is_back() -> None:
    face = (MEDIA / "faces" / "neutral.jpeg").read_bytes()
    served = MjpegCamera(picture=lambda _: face, fps=10)
    arguments = command("fer_edge", "--camera", served.url, "--mqtt", "none", "--print")
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stderr
        lines = iter(process.stdout.readline, "")

        def next_of(kind: str) -> dict[str, Any]:
            return next(event for event in map(json.loads, lines) if event["type"] == kind)

        first = next_of("start")
        served.stop()
        assert next_of("end")["track"] == first["track"]
        again = MjpegCamera(served.port, lambda _: face, fps=10)
        second = next_of("start")
        process.send_signal(signal.SIGTERM)
        assert next_of("end")["track"] == second["track"]
        said = [line for line in process.stderr.read().splitlines() if "camera" in line]
        again.stop()
        assert process.wait(10) == 0
    address = f"fer-edge: camera http://127.0.0.1:{served.port}/video: "
    assert said == [f"{address}it delivers no more frames, trying again", f"{address}it is back"]
    assert second["track"] != first["track"]
    assert second["frame"]["number"] > first["frame"]["number"]
    assert second["frame"]["width"] <= 640


def test_a_slow_reader_gets_the_newest_frame_and_the_dropped_are_counted(served: MjpegCamera) -> None:
    source = open_source(served.url)
    given = iter(source)
    frames(given, 1)
    while source.dropped < 10:
        threading.Event().wait(0.05)
    newest = frames(given, 1)[0]
    assert newest.number == 1
    source.close()
    assert source.dropped >= 10


def test_a_camera_of_a_small_rate_is_not_asked_for_more(served: MjpegCamera) -> None:
    camera = network_camera(served.url, CameraOptions(fps=5))
    camera.open()
    times = [camera.read().time for _ in range(4)]
    camera.close()
    assert min(np.diff(times)) >= 0.8 / 5


def test_a_large_picture_is_searched_in_a_small_one(served: MjpegCamera) -> None:
    served.picture = lambda number: jpeg(number, (1280, 720))
    camera = network_camera(served.url, CameraOptions())
    camera.open()
    shot = camera.read()
    camera.close()
    assert shot.grey.shape == (360, 640)
    assert shot.detail is not None
    assert shot.detail.shape == (720, 1280)
    assert np.abs(cv2.resize(shot.detail, (640, 360), interpolation=cv2.INTER_AREA).astype(int) - shot.grey).max() <= 1


def test_nobody_at_an_address_is_said() -> None:
    camera = network_camera(f"http://127.0.0.1:{free_port()}/", CameraOptions())
    before = descriptors()
    for _ in range(20):
        with pytest.raises(CameraError, match="no video from this address") as caught:
            camera.open()
        assert caught.value.cure == CHECK_ADDRESS
    assert descriptors() <= before


def test_a_device_that_is_not_there_or_no_camera_says_so(tmp_path: Path) -> None:
    with pytest.raises(CameraError, match="no such file or directory") as missing:
        v4l2_camera(str(tmp_path / "video0"), CameraOptions()).open()
    assert missing.value.cure == PLUG_IN
    with pytest.raises(CameraError, match="not a camera, or in use") as other:
        v4l2_camera("/dev/null", CameraOptions()).open()
    assert other.value.cure == FREE_CAMERA


@pytest.mark.parametrize(
    ("options", "asked"),
    [
        (CameraOptions(), ["YUYV", 640, 480]),
        (CameraOptions(size=(1280, 720)), ["MJPG", 1280, 720]),
        (CameraOptions(size=(1280, 720), fps=10), ["YUYV", 1280, 720, 10]),
        (CameraOptions(fps=60), ["MJPG", 640, 480, 60]),
    ],
)
def test_a_device_is_asked_for_what_its_line_can_carry(
    options: CameraOptions, asked: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = []

    class Device:
        def __init__(self, name: str, api: int) -> None:
            assert (name, api) == ("/dev/null", cv2.CAP_V4L2)

        def isOpened(self) -> bool:  # noqa: N802
            return True

        def set(self, what: int, value: float) -> None:
            is_format = what == cv2.CAP_PROP_FOURCC
            found.append(int(value).to_bytes(4, "little").decode() if is_format else value)

    monkeypatch.setattr(cv2, "VideoCapture", Device)
    v4l2_camera("/dev/null", options).open()
    assert found == asked


class Capture:
    """A cv2.VideoCapture that gives so many frames and then behaves like a camera that was unplugged."""

    def __init__(self, good: int, picture: Any = None) -> None:
        self.left, self.picture = good, np.zeros((48, 64, 3), np.uint8) if picture is None else picture

    def grab(self) -> bool:
        self.left -= 1
        return self.left >= 0

    def retrieve(self) -> tuple[bool, Any]:
        return True, self.picture


def camera_of(*captures: Capture, **options: Any) -> OpenCVCamera:
    following = iter(captures)
    return OpenCVCamera("fake", lambda: next(following), **options)  # type: ignore[arg-type,return-value]


def test_an_unplugged_camera_is_let_go_so_that_its_number_is_free() -> None:
    captures = weakref.WeakSet[Capture]()

    def connect() -> Capture:
        capture = Capture(2)
        captures.add(capture)
        return capture

    camera = OpenCVCamera("fake", connect)  # type: ignore[arg-type]
    camera.open()
    camera.read()
    camera.read()
    assert len(captures) == 1
    for _ in range(2):
        with pytest.raises(CameraError, match="no more frames") as caught:
            camera.read()
        assert len(captures) == 0, f"{caught.value} may be kept for long"
    camera.open()
    camera.read()


def test_a_thread_that_comes_back_late_does_not_spoil_the_camera_that_was_opened_meanwhile() -> None:
    late = Capture(0)
    camera = camera_of(late, Capture(1))
    camera.open()
    grab, late.grab = late.grab, lambda: camera.open() or grab()  # type: ignore[method-assign,func-returns-value]
    with pytest.raises(CameraError, match="no more frames"):
        camera.read()
    camera.read()


def test_a_fault_inside_opencv_is_a_fault_of_the_camera() -> None:
    class Broken(Capture):
        def retrieve(self) -> tuple[bool, Any]:
            raise cv2.error("bad frame")

    camera = camera_of(Broken(1))
    camera.open()
    with pytest.raises(CameraError, match="no more frames"):
        camera.read()


def test_a_camera_that_is_grey_by_nature_is_taken_as_it_is() -> None:
    grey = np.arange(48 * 64, dtype=np.uint8).reshape(48, 64)
    camera = camera_of(Capture(1, grey))
    camera.open()
    assert np.array_equal(camera.read().grey, grey)
