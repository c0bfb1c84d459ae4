from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from tests.support.waiting import wait_until

from fer_edge.cameras.base import Camera, CameraError, CameraImage
from fer_edge.cameras.capture_thread import CaptureThread, RestartableCapture


def image(number: int) -> CameraImage:
    return CameraImage(np.zeros((4, 4), np.uint8), None, float(number))


class StepCamera:
    """A camera whose `read` blocks until the test releases `go`, and then calls the function of the test."""

    name = "fake"

    def __init__(self, read: Callable[[int], CameraImage | None], open_error: str = "") -> None:
        self._read, self._open_error = read, open_error
        self.reads = self.closed = 0
        self.go = threading.Semaphore(0)

    def open(self) -> None:
        if self._open_error:
            raise CameraError(self._open_error)

    def read(self) -> CameraImage | None:
        self.go.acquire()
        self.reads += 1
        return self._read(self.reads)

    def close(self) -> None:
        self.closed += 1


def test_the_newest_image_is_returned_and_the_others_are_counted() -> None:
    camera = StepCamera(image)
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


def test_a_read_without_an_image_is_not_an_image() -> None:
    camera = StepCamera(lambda number: None if number < 3 else image(number))
    thread = CaptureThread(camera)
    assert thread.take(0) is None
    camera.go.release(3)
    taken = thread.take(10)
    assert taken
    assert taken.time == 3
    camera.go.release()
    assert thread.stop(10)


def test_an_error_is_raised_after_the_last_image_and_ends_the_thread() -> None:
    def read(number: int) -> CameraImage:
        if number == 2:
            raise CameraError("unplugged", cure="plug it in")
        return image(number)

    camera = StepCamera(read)
    thread = CaptureThread(camera)
    camera.go.release(2)
    wait_until(lambda: camera.reads == 2)
    assert thread.take(10)
    for _ in range(2):
        with pytest.raises(CameraError, match="unplugged") as caught:
            thread.take(10)
        assert caught.value.cure == "plug it in"
    assert thread.stop(10)


def test_a_camera_that_cannot_be_opened_raises_its_reason() -> None:
    with pytest.raises(CameraError, match="busy"):
        CaptureThread(StepCamera(image, open_error="busy")).take(10)


def test_a_thread_that_hangs_does_not_block_stop_and_ends_once_the_camera_returns() -> None:
    camera = StepCamera(image)
    thread = CaptureThread(camera)
    assert not thread.stop(0)
    camera.go.release()
    assert thread.stop(10)


def test_an_unexpected_exception_is_raised_as_a_camera_error(caplog: pytest.LogCaptureFixture) -> None:
    def read(_: int) -> CameraImage:
        raise ZeroDivisionError

    camera = StepCamera(read)
    camera.go.release()
    with pytest.raises(CameraError, match="ZeroDivisionError"):
        CaptureThread(camera).take(10)
    assert "Traceback" in caplog.text


class FakeThread:
    """A capture thread that gives one image and hangs as long as the test wants."""

    def __init__(self, *, hangs: bool = False, dropped: int = 0) -> None:
        self.hangs, self.dropped = hangs, dropped

    def take(self, timeout: float) -> CameraImage | None:
        return image(1)

    def stop(self, timeout: float) -> bool:
        return not self.hangs


@pytest.fixture
def camera() -> StepCamera:
    return StepCamera(image)


def capture_of(camera: Camera, *threads: FakeThread) -> RestartableCapture:
    following: Iterator[FakeThread] = iter(threads)
    return RestartableCapture(camera, lambda _: next(following))  # type: ignore[arg-type,return-value]


def test_a_capture_runs_between_start_and_stop_and_can_be_started_again(camera: StepCamera) -> None:
    capture = capture_of(camera, FakeThread(), FakeThread())
    assert (capture.running, capture.take(0)) == (False, None)
    for _ in range(2):
        capture.start()
        assert capture.running
        assert capture.take(0)
        capture.stop(0)
        assert not capture.running
    assert camera.closed == 0, "it is opened again by the next thread"


def test_dropped_images_are_counted_over_all_threads(camera: StepCamera) -> None:
    capture = capture_of(camera, FakeThread(dropped=3), FakeThread(dropped=4))
    capture.start()
    capture.stop(0)
    capture.start()
    assert capture.dropped == 7
    capture.stop(0)
    assert capture.dropped == 7


def test_one_thread_that_hangs_is_abandoned_and_a_second_one_is_an_error(camera: StepCamera) -> None:
    capture = capture_of(camera, FakeThread(hangs=True), FakeThread(hangs=True))
    capture.start()
    capture.stop(0)
    capture.start()
    with pytest.raises(CameraError, match="camera fake: two threads hang in it: restart fer-edge"):
        capture.stop(0)


def test_an_abandoned_thread_that_has_ended_meanwhile_no_longer_counts(camera: StepCamera) -> None:
    first, second = FakeThread(hangs=True), FakeThread(hangs=True)
    capture = capture_of(camera, first, second)
    capture.start()
    capture.stop(0)
    first.hangs = False
    capture.start()
    capture.stop(0)
    assert not capture.running


@pytest.mark.parametrize(("hangs", "closed"), [(False, 1), (True, 0)])
def test_close_releases_the_camera_unless_a_thread_hangs_in_it(camera: StepCamera, hangs: bool, closed: int) -> None:
    capture = capture_of(camera, FakeThread(hangs=hangs))
    capture.start()
    capture.close(0)
    assert camera.closed == closed
