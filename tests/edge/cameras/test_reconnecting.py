"""Weather: what a ReconnectingCamera makes of a camera that fails in every way, with a clock and threads of our own."""

from __future__ import annotations

import itertools
import logging
import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from tests.support import descriptors

from fer_edge.cameras.base import CameraError, CameraImage
from fer_edge.cameras.frame import Frame
from fer_edge.cameras.reconnecting import ReconnectingCamera, Timing
from fer_edge.config.camera import CameraOptions

PICTURE = np.random.default_rng(0).integers(60, 200, (60, 80), np.uint8)
BLACK = np.zeros((60, 80), np.uint8)
HALF = np.where(np.arange(60)[:, None] < 30, PICTURE, np.uint8(128))
NIGHT = np.random.default_rng(0).integers(10, 20, (60, 80), np.uint8)

Step = Any  # a picture, or None for a tick in which nothing comes, or the reason of a fault


class World:
    """Time that passes only when somebody waits, and a camera whose every opening plays the next of `scripts`."""

    name = "fake"

    def __init__(self, *scripts: Iterator[Step] | list[Step], hangs: int = 0) -> None:
        self.now = 1000.0
        self.opened: list[float] = []
        self.closed = self.dropped = 0
        self.hangs = hangs  # how many threads do not end when they are told to
        self._scripts = iter(scripts)
        self._script: Iterator[Step] = iter(())

    def timing(self, jitter: Callable[[], float] = lambda: 0.0) -> Timing:
        return Timing(lambda: self.now, self.sleep, jitter)

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def start(self, _: object) -> World:
        self.opened.append(self.now - 1000)
        self._script = iter(next(self._scripts, ["gone"]))
        return self

    def take(self, wait: float) -> CameraImage | None:
        step = next(self._script, "the script has ended")
        if isinstance(step, str):
            raise CameraError(step)
        self.now += wait if step is None else 0.1
        return None if step is None else CameraImage(step, step, self.now)

    def stop(self, wait: float) -> bool:
        self.hangs -= 1
        return self.hangs < 0

    def close(self) -> None:
        self.closed += 1


def source(world: World, options: CameraOptions | None = None, **timing: Any) -> ReconnectingCamera:
    return ReconnectingCamera(world, options or CameraOptions(), world.timing(**timing), world.start)  # type: ignore[arg-type]


def until(world: World, live: ReconnectingCamera, seconds: float) -> list[Frame | None]:
    """What it gives in this time."""
    end = world.now + seconds
    return list(itertools.takewhile(lambda _: world.now < end, live))


def said(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.message for record in caplog.records]


@pytest.fixture(autouse=True)
def _log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)


def test_work_resumes_by_itself_and_the_numbers_go_on(caplog: pytest.LogCaptureFixture) -> None:
    world = World([PICTURE] * 5 + ["unplugged"], ["no such device"], ["no such device"], itertools.repeat(PICTURE))
    live = source(world)
    given = list(itertools.islice(live, 40))
    frames = [frame for frame in given if frame]
    assert [frame.number for frame in frames] == list(range(len(frames)))
    assert all(one.time < other.time for one, other in itertools.pairwise(frames))
    assert given[:5] == frames[:5]
    assert given[5] is None
    assert len(frames) > 20
    assert world.opened == pytest.approx([0, 1.5, 3.5, 7.5])
    assert said(caplog) == ["camera fake: unplugged, trying again", "camera fake: it is back"]
    assert live.problem is None


def test_a_camera_that_is_missing_at_the_start_is_waited_for(caplog: pytest.LogCaptureFixture) -> None:
    world = World(["there is none"], ["there is none"], itertools.repeat(PICTURE))
    live = source(world)
    assert next(iter(live)) is None
    assert str(live.problem) == "there is none"
    assert any(until(world, live, 10))
    assert said(caplog) == ["camera fake: there is none, trying again", "camera fake: it is back"]


def test_a_camera_that_is_there_is_not_spoken_of(caplog: pytest.LogCaptureFixture) -> None:
    world = World([None, None, *[PICTURE] * 10])
    live = source(world)
    assert [frame is None for frame in itertools.islice(live, 12)] == [True] * 2 + [False] * 10
    assert said(caplog) == []


def test_the_pauses_double_up_to_a_minute_and_nothing_is_busy() -> None:
    world = World()
    given = until(world, source(world), 400)
    assert world.opened == pytest.approx([0, 1, 3, 7, 15, 31, 63, 123, 183, 243, 303, 363])
    assert set(given) == {None}
    assert len(given) <= 2 * 400 + len(world.opened)


def test_many_sensors_do_not_try_all_at_once() -> None:
    jitters = iter([0.0, 1.0, 0.5])
    world = World()
    until(world, source(world, jitter=lambda: next(jitters)), 5)
    assert world.opened == pytest.approx([0, 1, 1 + 2 * 1.25])


def test_a_camera_that_was_well_for_long_is_tried_again_soon_but_one_that_flaps_is_not() -> None:
    flaps = [[PICTURE, "loose cable"]] * 5
    world = World(*flaps, [PICTURE] * 200 + ["loose cable"], [PICTURE] * 10)
    until(world, source(world), 80)
    pauses = np.diff(world.opened)
    assert pauses[:5] == pytest.approx([1.1, 2.1, 4.1, 8.1, 16.1])
    assert pauses[5] == pytest.approx(200 * 0.1 + 1)


def test_a_camera_that_hangs_is_noticed_within_three_seconds(caplog: pytest.LogCaptureFixture) -> None:
    world = World([*[PICTURE] * 3, *[None] * 10, *[PICTURE] * 20])
    live = source(world)
    frames = list(itertools.islice(live, 3))
    last = frames[-1]
    assert last
    assert next(iter(live)) is None
    assert world.now - last.time <= 3
    assert str(live.problem) == "no frame for 2 seconds"
    assert any(until(world, live, 5))
    assert world.opened == [0], "it came back by itself"
    assert said(caplog) == ["camera fake: no frame for 2 seconds, trying again", "camera fake: it is back"]


def test_a_thread_that_hangs_is_given_up_and_a_second_one_ends_the_run() -> None:
    world = World(itertools.repeat(None), [PICTURE] * 3 + [None] * 1000, hangs=3)
    live = source(world)
    given: list[Frame | None] = []
    with pytest.raises(CameraError, match="two threads hang"):
        given.extend(live)
    assert len(world.opened) == 2


def test_a_thread_that_came_back_is_forgotten() -> None:
    world = World(*[itertools.repeat(None)] * 5, itertools.repeat(PICTURE))
    stops = itertools.cycle([False, True])
    world.stop = lambda wait: next(stops)  # type: ignore[method-assign]
    assert any(until(world, source(world), 200))


@pytest.mark.parametrize(("picture", "flaw"), [(BLACK, "of one grey"), (HALF, "half there")])
def test_pictures_that_are_none_are_left_out_and_when_they_persist_it_is_opened_again(
    picture: Any, flaw: str, caplog: pytest.LogCaptureFixture
) -> None:
    world = World([PICTURE, picture, PICTURE, *[picture] * 100], [PICTURE] * 10)
    live = source(world)
    given = list(itertools.islice(live, 8))
    assert [frame is not None for frame in given[:2]] == [True, True], "a single one is passed over in silence"
    assert given[2] is None
    assert all(np.array_equal(frame.grey, PICTURE) for frame in given if frame)
    assert len([frame for frame in given if frame]) > 2
    assert world.opened == pytest.approx([0, 0.3 + 2 + 1])
    assert 20 <= live.flawed <= 22
    assert [flaw in line for line in said(caplog)] == [True, False]


def test_while_pictures_are_none_the_reader_is_not_woken_for_each() -> None:
    world = World(*[itertools.repeat(BLACK)] * 20)
    given = until(world, source(world), 60)
    assert set(given) == {None}
    assert len(given) <= 2.5 * 60


def test_darkness_is_said_once_and_the_frames_go_on(caplog: pytest.LogCaptureFixture) -> None:
    world = World([PICTURE] * 10 + [NIGHT] * 1000 + [PICTURE] * 10 + [NIGHT] * 400)
    given = list(itertools.islice(source(world), 1420))
    assert all(given)
    assert world.opened == [0]
    assert [("all dark for 30 seconds" in line) for line in said(caplog)] == [True, True]


def test_the_picture_is_turned_then_mirrored() -> None:
    def given(**options: Any) -> Any:
        frame = next(iter(source(World([PICTURE]), CameraOptions(**options))))
        assert frame
        assert frame.detail is not None
        assert np.array_equal(frame.grey, frame.detail)
        return frame.grey

    assert np.array_equal(given(), PICTURE)
    assert np.array_equal(given(rotate=90), np.rot90(PICTURE, -1))
    assert np.array_equal(given(rotate=180), PICTURE[::-1, ::-1])
    assert np.array_equal(given(rotate=270), np.rot90(PICTURE))
    assert np.array_equal(given(flip="h"), PICTURE[:, ::-1])
    assert np.array_equal(given(flip="v"), PICTURE[::-1])
    assert np.array_equal(given(rotate=90, flip="h"), np.rot90(PICTURE, -1)[:, ::-1])


def test_dropped_frames_are_counted_across_recoveries() -> None:
    world = World([PICTURE, "unplugged"], [PICTURE] * 100)
    live = source(world)
    world.dropped = 7
    assert len(list(itertools.islice(live, 8))) == 8
    assert live.dropped == 14


def test_it_is_given_back_once_nobody_reads_it() -> None:
    world = World([PICTURE])
    live = source(world)
    next(iter(live))
    live.close()
    live.close()
    assert world.closed >= 1
    hanging = World([PICTURE], hangs=1)
    live = source(hanging)
    next(iter(live))
    live.close()
    assert hanging.closed == 0, "a thread is still in it"


class Fragile:
    """A camera that fails after its first picture."""

    name = "fragile"

    def __init__(self) -> None:
        self._file: Any = None

    def open(self) -> None:
        self._file = open("/dev/null", "rb")  # noqa: PTH123, SIM115
        self._shots = iter([CameraImage(PICTURE, None, 0.0)])

    def read(self) -> CameraImage:
        for shot in self._shots:
            return shot
        self.close()
        raise CameraError("unplugged")

    def close(self) -> None:
        if self._file:
            self._file.close()


def test_a_hundred_recoveries_leave_nothing_behind() -> None:
    """With threads and time as they are, but for the pauses."""
    now = itertools.count(0.0, 100.0)
    live = ReconnectingCamera(Fragile(), CameraOptions(), Timing(lambda: next(now), lambda _: None))
    given = iter(live)
    numbers = [frame.number for frame in itertools.islice(given, 20) if frame]
    threads, files = threading.active_count(), descriptors()
    while numbers[-1] < 110:
        numbers += [frame.number for frame in itertools.islice(given, 10) if frame]
    live.close()
    assert numbers == list(range(len(numbers)))
    assert threading.active_count() <= threads
    assert descriptors() <= files
