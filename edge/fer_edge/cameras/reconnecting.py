"""A camera is weather: it goes, it comes back, and the run goes on."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from fer_edge.cameras.base import Camera, CameraError, CameraImage
from fer_edge.cameras.capture_thread import CaptureThread
from fer_edge.cameras.cures import CHECK_CABLE
from fer_edge.cameras.frame import Frame, oriented
from fer_edge.cameras.frame_checks import find_flaw, is_dark
from fer_edge.config.camera import CameraOptions
from fer_edge.errors import Problem

log = logging.getLogger(__name__)

POLL_INTERVAL = 0.5  # seconds between two looks while there are no frames
LAST_WAIT = 1.0  # seconds for the thread to end
TIMEOUT = 2.0  # seconds without a good frame that are told
HANG = 15.0  # seconds without anything, not even an error, after which a thread is given up
STEADY = 10.0  # seconds of frames after which a camera counts as well again
DELAYS = (1.0, 60.0)  # seconds to the first new attempt and, doubling, at most
NIGHT = 30.0  # seconds of darkness that are told


@dataclass(frozen=True)
class Timing:
    """Where the time comes from; handed in, so that a test need not wait. Seconds."""

    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    jitter: Callable[[], float] = random.random  # 0..1: a hall of sensors must not try all at once


class ReconnectingCamera:
    """The frames of a camera, the newest always, as long as there are any; None, about twice a second, while not.

    A camera that cannot be opened, fails, hangs, or gives pictures that are none is told once in the log, opened again
    with growing pauses, and told once when it is back. `trouble` says why there are no frames now. `dropped` counts
    frames that nobody had time for, `flawed` those that were of one grey or half there.
    """

    live = True

    def __init__(
        self,
        camera: Camera,
        options: CameraOptions,
        timing: Timing | None = None,
        start: Callable[[Camera], CaptureThread] = CaptureThread,
    ) -> None:
        """Nothing is opened before the first frame is asked for."""
        self.problem: Problem | None = Problem("it has not given a frame yet", CHECK_CABLE)
        self.flawed = 0
        self._camera, self._options, self._start = camera, options, start
        self._timing = timing or Timing()
        self._thread: CaptureThread | None = None
        self._given_up: CaptureThread | None = None
        self._dropped = self._number = 0
        self._told = False  # that there is trouble
        self._quiet_since = self._well_since = self._retry_at = self._timing.clock()
        self._delay = 0.0
        self._flaw: str | None = None
        self._light_at, self._dark_told = self._retry_at, False

    @property
    def name(self) -> str:
        """Which camera."""
        return self._camera.name

    @property
    def dropped(self) -> int:
        """Frames that were not taken before the next one came."""
        return self._dropped + (self._thread.dropped if self._thread else 0)

    def __iter__(self) -> Iterator[Frame | None]:
        """Yield frames, or None, without end. Raises CameraError when two threads, one after the other, hang."""
        while True:
            yield self._next()

    def close(self) -> None:
        """Give the camera back, unless a thread hangs in it."""
        thread = self._let_go()
        if not thread or thread.stop(LAST_WAIT):
            self._camera.close()

    def _next(self) -> Frame | None:
        """The next good frame, or None after a tick of trouble."""
        began = self._timing.clock()
        while True:
            self._thread = self._thread or self._reopen()
            shot = self._take(self._thread) if self._thread else None
            if shot:
                return self._frame(shot)
            if self.problem and (not self._thread or self._timing.clock() - began > 0.9 * POLL_INTERVAL):
                return None

    def _reopen(self) -> CaptureThread | None:
        """A thread that opens the camera, when it is time to; else wait a little."""
        left = self._retry_at - self._timing.clock()
        if left > 0:
            self._timing.sleep(min(POLL_INTERVAL, left))
            return None
        self._quiet_since = self._timing.clock()
        self._flaw = None
        return self._start(self._camera)

    def _take(self, thread: CaptureThread) -> CameraImage | None:
        """A good shot, or None when none came within a tick."""
        try:
            shot = thread.take(POLL_INTERVAL)
        except CameraError as error:
            self._lose(Problem(error.message, error.cure))
            return None
        flaw = find_flaw(shot.grey) if shot else None
        if shot and not flaw:
            return shot
        if flaw:
            self.flawed += 1
            self._flaw = flaw
        quiet = self._timing.clock() - self._quiet_since
        if quiet >= TIMEOUT:
            self._say(Problem(self._flaw or f"no frame for {TIMEOUT:.0f} seconds", CHECK_CABLE))
            if self._flaw or quiet >= HANG:
                self._lose(self.problem or Problem(""))
        return None

    def _frame(self, shot: CameraImage) -> Frame:
        now = self._timing.clock()
        if self.problem:
            self._well_since = now
            if self._told:
                log.info("camera %s: it is back", self.name)
        elif now - self._well_since >= STEADY:
            self._delay = 0.0
        self.problem, self._told, self._flaw, self._quiet_since = None, False, None, now
        self._watch_darkness(shot, now)
        detail = None if shot.detail is None else oriented(shot.detail, self._options)
        self._number += 1
        return Frame(oriented(shot.grey, self._options), shot.time, self._number - 1, detail=detail)

    def _watch_darkness(self, shot: CameraImage, now: float) -> None:
        """Darkness may be the night, and is no reason to open the camera again."""
        if not is_dark(shot.grey):
            self._light_at, self._dark_told = now, False
        elif now - self._light_at >= NIGHT and not self._dark_told:
            self._dark_told = True
            log.warning("camera %s: all dark for %.0f seconds: is the lens covered, or is it night?", self.name, NIGHT)

    def _lose(self, problem: Problem) -> None:
        """Tell that the camera is away, end its thread, and set the time of the next attempt."""
        now = self._timing.clock()
        self._say(problem)
        self._end_thread()
        least, most = DELAYS
        self._delay = min(most, max(least, 2 * self._delay))
        self._retry_at = now + self._delay * (1 + self._timing.jitter() / 4)

    def _end_thread(self) -> None:
        thread = self._let_go()
        if thread and not thread.stop(POLL_INTERVAL):
            if self._given_up and not self._given_up.stop(0):
                raise CameraError(f"camera {self.name}: two threads hang in it; only a new start can help")
            self._given_up = thread

    def _let_go(self) -> CaptureThread | None:
        thread, self._thread = self._thread, None
        self._dropped += thread.dropped if thread else 0
        return thread

    def _say(self, problem: Problem) -> None:
        """Log a trouble when it begins, not each time that it is met again."""
        self.problem = problem
        if not self._told:
            self._told = True
            log.warning("camera %s: %s, trying again", self.name, problem)
