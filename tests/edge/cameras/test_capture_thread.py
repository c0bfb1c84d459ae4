from __future__ import annotations

import threading
from collections.abc import Callable

import numpy as np
import pytest
from tests.support import wait_until

from fer_edge.cameras.base import CameraError, CameraImage
from fer_edge.cameras.capture_thread import CaptureThread

SHOT = CameraImage(np.zeros((4, 4), np.uint8), None, 0.0)


class Camera:
    """Does what the test says; `read` waits until it is let go."""

    name = "fake"

    def __init__(self, read: Callable[[int], CameraImage | None], fails_to_open: str = "") -> None:
        self._read, self._fails = read, fails_to_open
        self.reads = 0
        self.go = threading.Semaphore(0)

    def open(self) -> None:
        if self._fails:
            raise CameraError(self._fails)

    def read(self) -> CameraImage | None:
        self.go.acquire()
        self.reads += 1
        return self._read(self.reads)

    def close(self) -> None: ...


def numbered(number: int) -> CameraImage:
    return SHOT._replace(time=float(number))


def test_the_newest_shot_is_given_and_the_others_are_counted() -> None:
    camera = Camera(numbered)
    thread = CaptureThread(camera)
    camera.go.release(5)
    wait_until(lambda: thread.dropped == 4)
    newest = thread.take(10)
    assert newest
    assert newest.time == 5
    assert thread.take(0) is None
    camera.go.release()
    following = thread.take(10)
    assert following
    assert (following.time, thread.dropped) == (6, 4)
    camera.go.release()
    assert thread.stop(10)


def test_nothing_yet_is_no_shot() -> None:
    camera = Camera(lambda number: None if number < 3 else numbered(number))
    thread = CaptureThread(camera)
    assert thread.take(0) is None
    camera.go.release(3)
    taken = thread.take(10)
    assert taken
    assert taken.time == 3
    camera.go.release()
    assert thread.stop(10)


def test_a_fault_is_told_after_the_last_shot_and_ends_the_thread() -> None:
    def read(number: int) -> CameraImage:
        if number == 2:
            raise CameraError("unplugged")
        return numbered(number)

    camera = Camera(read)
    thread = CaptureThread(camera)
    camera.go.release(2)
    wait_until(lambda: camera.reads == 2)
    assert thread.take(10)
    for _ in range(2):
        with pytest.raises(CameraError, match="unplugged"):
            thread.take(10)
    assert thread.stop(10)


def test_a_camera_that_cannot_be_opened_says_why() -> None:
    with pytest.raises(CameraError, match="busy"):
        CaptureThread(Camera(numbered, fails_to_open="busy")).take(10)


def test_a_thread_that_hangs_is_told_and_ends_once_it_comes_back() -> None:
    camera = Camera(numbered)
    thread = CaptureThread(camera)
    assert not thread.stop(0)
    camera.go.release()
    assert thread.stop(10)


def test_a_fault_that_nobody_foresaw_is_told_too() -> None:
    def read(_: int) -> CameraImage:
        raise ZeroDivisionError

    camera = Camera(read)
    camera.go.release()
    with pytest.raises(CameraError, match="ZeroDivisionError"):
        CaptureThread(camera).take(10)
