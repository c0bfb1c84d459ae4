"""A ReconnectingCamera with a camera that fails in every way. Time is that of a FakeClock, and threads are played."""

from __future__ import annotations

import itertools
import logging
import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from tests.support.clock import FakeClock
from tests.support.waiting import open_descriptors

from fer_edge.cameras.base import CameraError, CameraImage
from fer_edge.cameras.cures import CHECK_CABLE
from fer_edge.cameras.frame import Frame
from fer_edge.cameras.reconnecting import ReconnectingCamera
from fer_edge.cameras.retry import RetrySchedule
from fer_edge.clock import Clock
from fer_edge.config.camera import CameraOptions

IMAGE = np.random.default_rng(0).integers(60, 200, (60, 80), np.uint8)
BLACK = np.zeros((60, 80), np.uint8)
HALF = np.where(np.arange(60)[:, None] < 30, IMAGE, np.uint8(128))
NIGHT = np.random.default_rng(0).integers(10, 20, (60, 80), np.uint8)

Step = Any  # an image; None for a poll interval in which nothing comes; or the reason of a failure


class ScriptedCamera:
    """A camera and its capture thread: each time it is opened, it plays the next of `scripts`."""

    name = "fake"

    def __init__(self, *scripts: Iterator[Step] | list[Step], hangs: int = 0) -> None:
        self.clock = FakeClock(now=1000.0)
        self.opened: list[float] = []
        self.closed = self.dropped = 0
        self.hangs = hangs  # how many threads do not end when they are stopped
        self._scripts = iter(scripts)
        self._script: Iterator[Step] = iter(())

    def start_thread(self, _: object) -> ScriptedCamera:
        self.opened.append(self.clock.now - 1000)
        self._script = iter(next(self._scripts, ["gone"]))
        return self

    def take(self, timeout: float) -> CameraImage | None:
        step = next(self._script, "the script has ended")
        if isinstance(step, str):
            raise CameraError(step, cure=f"cure of {step}")
        self.clock.advance(timeout if step is None else 0.1)
        return None if step is None else CameraImage(step, step, self.clock.now)

    def stop(self, timeout: float) -> bool:
        self.hangs -= 1
        return self.hangs < 0

    def close(self) -> None:
        self.closed += 1


def source_of(
    camera: ScriptedCamera, options: CameraOptions | None = None, jitter: Callable[[], float] = lambda: 0.0
) -> ReconnectingCamera:
    return ReconnectingCamera(
        camera,  # type: ignore[arg-type]
        options or CameraOptions(),
        clock=camera.clock,
        retry=RetrySchedule(camera.clock, jitter=jitter),
        start_thread=camera.start_thread,  # type: ignore[arg-type]
    )


def read_for(camera: ScriptedCamera, source: ReconnectingCamera, seconds: float) -> list[Frame | None]:
    """Everything the source yields in this time."""
    end = camera.clock.now + seconds
    return list(itertools.takewhile(lambda _: camera.clock.now < end, source))


def logged(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.message for record in caplog.records]


@pytest.fixture(autouse=True)
def _log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)


def test_frames_resume_by_themselves_and_their_numbers_continue(caplog: pytest.LogCaptureFixture) -> None:
    camera = ScriptedCamera(
        [IMAGE] * 5 + ["unplugged"], ["no such device"], ["no such device"], itertools.repeat(IMAGE)
    )
    source = source_of(camera)
    given = list(itertools.islice(source, 40))
    frames = [frame for frame in given if frame]
    assert [frame.number for frame in frames] == list(range(len(frames)))
    assert all(one.time < other.time for one, other in itertools.pairwise(frames))
    assert given[:5] == frames[:5]
    assert given[5] is None
    assert len(frames) > 20
    assert camera.opened == pytest.approx([0, 1.5, 3.5, 7.5])
    assert logged(caplog) == ["camera fake: unplugged, retrying", "camera fake: delivering frames again"]
    assert source.problem is None


def test_a_camera_that_is_missing_at_the_start_is_waited_for(caplog: pytest.LogCaptureFixture) -> None:
    camera = ScriptedCamera(["there is none"], ["there is none"], itertools.repeat(IMAGE))
    source = source_of(camera)
    assert source.problem
    assert (source.problem.text, source.problem.cure) == ("no frame yet", CHECK_CABLE)
    assert next(iter(source)) is None
    assert (source.problem.text, source.problem.cure) == ("there is none", "cure of there is none")
    assert any(read_for(camera, source, 10))
    assert logged(caplog) == ["camera fake: there is none, retrying", "camera fake: delivering frames again"]


def test_a_camera_that_needs_a_moment_for_its_first_frame_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    camera = ScriptedCamera([None, None, *[IMAGE] * 10])
    source = source_of(camera)
    assert [frame is None for frame in itertools.islice(source, 12)] == [True] * 2 + [False] * 10
    assert logged(caplog) == []


def test_the_delays_double_up_to_a_minute_without_busy_waiting() -> None:
    camera = ScriptedCamera()
    given = read_for(camera, source_of(camera), 400)
    assert camera.opened == pytest.approx([0, 1, 3, 7, 15, 31, 63, 123, 183, 243, 303, 363])
    assert set(given) == {None}
    assert len(given) <= 2 * 400 + len(camera.opened)


def test_jitter_spreads_the_attempts_of_many_devices() -> None:
    jitters = iter([0.0, 1.0, 0.5])
    camera = ScriptedCamera()
    read_for(camera, source_of(camera, jitter=lambda: next(jitters)), 5)
    assert camera.opened == pytest.approx([0, 1, 1 + 2 * 1.25])


def test_a_camera_that_worked_for_long_is_retried_soon_but_a_flapping_one_is_not() -> None:
    flapping = [[IMAGE, "loose cable"]] * 5
    camera = ScriptedCamera(*flapping, [IMAGE] * 200 + ["loose cable"], [IMAGE] * 10)
    read_for(camera, source_of(camera), 80)
    pauses = np.diff(camera.opened)
    assert pauses[:5] == pytest.approx([1.1, 2.1, 4.1, 8.1, 16.1])
    assert pauses[5] == pytest.approx(200 * 0.1 + 1)


def test_silence_is_noticed_within_three_seconds_and_may_end_by_itself(caplog: pytest.LogCaptureFixture) -> None:
    camera = ScriptedCamera([*[IMAGE] * 3, *[None] * 10, *[IMAGE] * 20])
    source = source_of(camera)
    last = list(itertools.islice(source, 3))[-1]
    assert last
    assert next(iter(source)) is None
    assert camera.clock.now - last.time <= 3
    assert str(source.problem) == "no frame for 2 seconds"
    assert any(read_for(camera, source, 5))
    assert camera.opened == [0], "it was not opened again"
    assert logged(caplog) == ["camera fake: no frame for 2 seconds, retrying", "camera fake: delivering frames again"]


def test_one_thread_that_hangs_is_abandoned_and_a_second_one_ends_the_run() -> None:
    camera = ScriptedCamera(itertools.repeat(None), [IMAGE] * 3 + [None] * 1000, hangs=3)
    source = source_of(camera)
    given: list[Frame | None] = []
    with pytest.raises(CameraError, match="two threads hang"):
        given.extend(source)
    assert len(camera.opened) == 2


def test_an_abandoned_thread_that_has_ended_meanwhile_no_longer_counts() -> None:
    camera = ScriptedCamera(*[itertools.repeat(None)] * 5, itertools.repeat(IMAGE))
    stops = itertools.cycle([False, True])
    camera.stop = lambda timeout: next(stops)  # type: ignore[method-assign]
    assert any(read_for(camera, source_of(camera), 200))


@pytest.mark.parametrize(("image", "defect"), [(BLACK, "uniformly grey"), (HALF, "only part of the image")])
def test_defective_images_are_left_out_and_when_they_persist_the_camera_is_opened_again(
    image: Any, defect: str, caplog: pytest.LogCaptureFixture
) -> None:
    camera = ScriptedCamera([IMAGE, image, IMAGE, *[image] * 100], [IMAGE] * 10)
    source = source_of(camera)
    given = list(itertools.islice(source, 8))
    assert [frame is not None for frame in given[:2]] == [True, True], "a single one is not a problem"
    assert given[2] is None
    assert all(np.array_equal(frame.grey, IMAGE) for frame in given if frame)
    assert len([frame for frame in given if frame]) > 2
    assert camera.opened == pytest.approx([0, 0.3 + 2 + 1])
    assert 20 <= source.defective <= 22
    assert [defect in line for line in logged(caplog)] == [True, False]


def test_defective_images_do_not_wake_the_reader_more_often_than_silence() -> None:
    camera = ScriptedCamera(*[itertools.repeat(BLACK)] * 20)
    given = read_for(camera, source_of(camera), 60)
    assert set(given) == {None}
    assert len(given) <= 2.5 * 60


def test_darkness_is_logged_once_and_the_frames_continue(caplog: pytest.LogCaptureFixture) -> None:
    camera = ScriptedCamera([IMAGE] * 10 + [NIGHT] * 1000 + [IMAGE] * 10 + [NIGHT] * 400)
    given = list(itertools.islice(source_of(camera), 1420))
    assert all(given)
    assert camera.opened == [0]
    assert logged(caplog) == ["camera fake: dark for 30 seconds: is the lens covered, or is it night?"] * 2


def test_both_images_of_a_frame_are_turned() -> None:
    frame = next(iter(source_of(ScriptedCamera([IMAGE]), CameraOptions(rotate=90, flip="h"))))
    assert frame
    assert frame.detail is not None
    assert np.array_equal(frame.grey, np.rot90(IMAGE, -1)[:, ::-1])
    assert np.array_equal(frame.detail, frame.grey)


def test_dropped_frames_are_counted_across_failures() -> None:
    camera = ScriptedCamera([IMAGE, "unplugged"], [IMAGE] * 100)
    source = source_of(camera)
    camera.dropped = 7
    assert len(list(itertools.islice(source, 8))) == 8
    assert source.dropped == 14


def test_the_camera_is_released_on_close_unless_a_thread_hangs_in_it() -> None:
    camera = ScriptedCamera([IMAGE])
    source = source_of(camera)
    next(iter(source))
    source.close()
    source.close()
    assert camera.closed >= 1
    hanging = ScriptedCamera([IMAGE], hangs=1)
    source = source_of(hanging)
    next(iter(source))
    source.close()
    assert hanging.closed == 0


def test_after_close_frames_can_be_asked_for_again() -> None:
    camera = ScriptedCamera([IMAGE] * 10, [IMAGE] * 10)
    source = source_of(camera)
    assert next(iter(source))
    source.close()
    frame = next(iter(source))
    assert frame
    assert frame.number == 1
    assert len(camera.opened) == 2


class OneImageCamera:
    """A camera that fails after its first image."""

    name = "fragile"

    def __init__(self) -> None:
        self._file: Any = None

    def open(self) -> None:
        self._file = open("/dev/null", "rb")  # noqa: PTH123, SIM115
        self._images = iter([CameraImage(IMAGE, None, 0.0)])

    def read(self) -> CameraImage:
        for image in self._images:
            return image
        self.close()
        raise CameraError("unplugged")

    def close(self) -> None:
        if self._file:
            self._file.close()


def test_a_hundred_failures_leave_no_thread_and_no_file_behind() -> None:
    """With real threads; only the time for the next attempt has always come."""
    now = itertools.count(0.0, 100.0)
    clock = Clock(monotonic=lambda: next(now), sleep=lambda _: None)
    source = ReconnectingCamera(OneImageCamera(), CameraOptions(), clock=clock)
    given = iter(source)
    numbers = [frame.number for frame in itertools.islice(given, 20) if frame]
    threads, files = threading.active_count(), open_descriptors()
    while numbers[-1] < 110:
        numbers += [frame.number for frame in itertools.islice(given, 10) if frame]
    source.close()
    assert numbers == list(range(len(numbers)))
    assert threading.active_count() <= threads
    assert open_descriptors() <= files


def test_the_colour_is_oriented_as_the_image_and_asked_for_at_the_camera() -> None:
    camera = ScriptedCamera([IMAGE])
    colours = np.dstack([IMAGE, IMAGE[::-1], IMAGE[:, ::-1]])
    camera.take = lambda _: CameraImage(IMAGE, None, 0.0, lambda: colours)  # type: ignore[method-assign]
    source = source_of(camera, CameraOptions(rotate=90, flip="h"))
    source.keeps_colour = True
    assert camera.keeps_colour  # type: ignore[attr-defined]
    frame = next(iter(source))
    assert frame
    assert frame.colour
    assert np.array_equal(frame.colour()[..., 0], frame.grey)
    assert frame.colour().shape == (80, 60, 3)
