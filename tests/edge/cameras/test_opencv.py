from __future__ import annotations

import weakref
from typing import Any

import cv2
import numpy as np
import pytest
from tests.support.clock import FakeClock

from fer_edge.cameras.base import CameraError
from fer_edge.cameras.cures import CHECK_CABLE
from fer_edge.cameras.opencv import OpenCVCamera


class FakeCapture:
    """A cv2.VideoCapture that delivers a number of frames and then behaves as if the camera had been unplugged."""

    def __init__(self, frames: int, image: Any = None) -> None:
        self.left, self.image = frames, np.zeros((48, 64, 3), np.uint8) if image is None else image

    def grab(self) -> bool:
        self.left -= 1
        return self.left >= 0

    def retrieve(self) -> tuple[bool, Any]:
        return True, self.image


def camera_of(*captures: FakeCapture, **options: Any) -> OpenCVCamera:
    """A camera that connects to the next of `captures` each time it is opened."""
    following = iter(captures)
    return OpenCVCamera("fake", lambda: next(following), **options)  # type: ignore[arg-type,return-value]


def test_the_capture_of_an_unplugged_camera_is_dropped_so_that_its_number_is_free() -> None:
    captures = weakref.WeakSet[FakeCapture]()

    def connect() -> FakeCapture:
        capture = FakeCapture(2)
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
        assert caught.value.cure == CHECK_CABLE
        assert len(captures) == 0, "the error, which may be kept for long, still refers to it"
    camera.open()
    camera.read()


def test_a_thread_that_returns_late_does_not_close_the_camera_that_was_opened_meanwhile() -> None:
    late = FakeCapture(0)
    camera = camera_of(late, FakeCapture(1))
    camera.open()
    grab, late.grab = late.grab, lambda: camera.open() or grab()  # type: ignore[method-assign,func-returns-value]
    with pytest.raises(CameraError, match="no more frames"):
        camera.read()
    camera.read()


def test_an_exception_inside_opencv_is_a_failure_of_the_camera() -> None:
    class BrokenCapture(FakeCapture):
        def retrieve(self) -> tuple[bool, Any]:
            raise cv2.error("bad frame")

    camera = camera_of(BrokenCapture(1))
    camera.open()
    with pytest.raises(CameraError, match="no more frames"):
        camera.read()


def test_a_camera_that_is_not_open_delivers_nothing() -> None:
    with pytest.raises(CameraError, match="no more frames"):
        camera_of().read()


def test_the_images_of_a_grey_camera_are_not_changed() -> None:
    grey = np.arange(48 * 64, dtype=np.uint8).reshape(48, 64)
    camera = camera_of(FakeCapture(1, grey))
    camera.open()
    assert np.array_equal(camera.read().grey, grey)


def test_a_large_image_is_searched_in_a_smaller_one() -> None:
    grey = np.random.default_rng(0).integers(0, 255, (720, 1280), np.uint8)
    camera = camera_of(FakeCapture(1, grey))
    camera.open()
    image = camera.read()
    assert image.detail is not None
    assert np.array_equal(image.detail, grey)
    assert np.array_equal(image.grey, cv2.resize(grey, (640, 360), interpolation=cv2.INTER_AREA))


def test_frames_that_come_faster_than_the_rate_are_skipped() -> None:
    clock = FakeClock()

    class SteadyCapture(FakeCapture):
        def grab(self) -> bool:
            clock.advance(0.05)
            return super().grab()

    camera = camera_of(SteadyCapture(100), fps=5, monotonic=clock.monotonic)
    camera.open()
    times = [camera.read().time for _ in range(5)]
    assert np.diff(times) == pytest.approx([0.2] * 4)


def test_the_colour_is_kept_only_on_request_and_grey_does_not_depend_on_it() -> None:
    colours = np.random.default_rng(0).integers(0, 255, (960, 1280, 3), np.uint8)
    camera = camera_of(FakeCapture(2, colours), FakeCapture(1, colours[..., 0]))
    camera.open()
    without = camera.read()
    camera.keeps_colour = True
    image = camera.read()
    assert without.colour is None
    assert image.colour
    assert np.array_equal(image.colour(), colours)
    assert np.array_equal(image.grey, without.grey)
    camera.open()
    assert camera.read().colour is None  # a grey camera
