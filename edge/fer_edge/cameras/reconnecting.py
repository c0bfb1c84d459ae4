"""A camera that reconnects by itself after a failure."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from fer_edge.cameras.base import POLL_INTERVAL, Camera, CameraError, CameraImage
from fer_edge.cameras.capture_thread import CaptureThread, RestartableCapture
from fer_edge.cameras.cures import CHECK_CABLE
from fer_edge.cameras.frame import Frame, orient, orient_colour
from fer_edge.cameras.frame_monitor import DARK_TIME, DarknessMonitor, FrameMonitor
from fer_edge.cameras.light import Light, LitCamera
from fer_edge.cameras.retry import RetrySchedule
from fer_edge.clock import Clock
from fer_edge.config.camera import CameraOptions
from fer_edge.errors import Problem

log = logging.getLogger(__name__)

NO_FRAME_YET = Problem("no frame yet", CHECK_CABLE)


@dataclass(frozen=True)
class Timeouts:
    """How long a ReconnectingCamera waits, in seconds.

    Attributes:
        poll: For an image, for the next attempt to open the camera, or for its thread to end after a failure.
        close: For the thread to end when the camera is closed.
    """

    poll: float = POLL_INTERVAL
    close: float = 1.0


class ReconnectingCamera:
    """Yields the newest frame of a camera, or None about twice a second while the camera is unavailable.

    A camera that cannot be opened, fails, hangs, or delivers defective images is logged once, opened again after
    growing delays, and logged once more when it delivers frames again.

    Attributes:
        problem: Why there are no frames at present; None when there are.
    """

    live = True

    def __init__(
        self,
        camera: Camera,
        options: CameraOptions,
        *,
        clock: Clock | None = None,
        retry: RetrySchedule | None = None,
        timeouts: Timeouts | None = None,
        start_thread: Callable[[Camera], CaptureThread] = CaptureThread,
    ) -> None:
        """Nothing is opened before the first frame is asked for.

        Args:
            camera: The camera to read.
            options: The orientation of its images.
            clock: The clock for delays and timeouts.
            retry: When a camera that has failed is opened again.
            timeouts: How long to wait.
            start_thread: Makes a running thread that captures from a camera.
        """
        clock = clock or Clock()
        self.problem: Problem | None = NO_FRAME_YET
        self._options, self._monotonic, self._timeouts = options, clock.monotonic, timeouts or Timeouts()
        self._camera, self._start_thread = camera, start_thread
        self._capture = RestartableCapture(camera, start_thread)
        self._retry = retry or RetrySchedule(clock)
        self._monitor = FrameMonitor(clock.monotonic)
        self._darkness = DarknessMonitor(clock.monotonic)
        self._number = 0  # of the next frame

    @property
    def name(self) -> str:
        """Human-readable name of the camera; never contains a password."""
        return self._capture.name

    @property
    def keeps_colour(self) -> bool:
        """Whether frames have their colour, if there is any."""
        return self._camera.keeps_colour

    @keeps_colour.setter
    def keeps_colour(self, keeps: bool) -> None:
        self._camera.keeps_colour = keeps

    @property
    def dropped(self) -> int:
        """How many frames were replaced by a newer one before they were processed."""
        return self._capture.dropped

    @property
    def defective(self) -> int:
        """How many images were rejected because they were uniform or incomplete."""
        return self._monitor.defective

    def __iter__(self) -> Iterator[Frame | None]:
        """Yield frames, or None, without end. Raises CameraError when two capture threads in a row hang."""
        while True:
            yield self._next()

    def attach(self, light: Light) -> None:
        """Switch a light on while the camera is open. To be called before the first frame is asked for."""
        self._capture = RestartableCapture(LitCamera(self._camera, light), self._start_thread)

    def close(self) -> None:
        """Release the camera, unless a thread hangs in it."""
        self._capture.close(self._timeouts.close)

    def _next(self) -> Frame | None:
        """Wait for the next good frame; return None at the end of a poll interval without one."""
        began = self._monotonic()
        while True:
            if (self._capture.running or self._start()) and (image := self._take()):
                return self._frame(image)
            polled = self._monotonic() - began > 0.9 * self._timeouts.poll  # waiting may end a little early
            if self.problem and (polled or not self._capture.running):
                return None

    def _start(self) -> bool:
        """Start capturing if the next attempt is due, else wait. Returns whether capturing has started."""
        if not self._retry.wait(self._timeouts.poll):
            return False
        self._monitor.restart()
        self._capture.start()
        return True

    def _take(self) -> CameraImage | None:
        """Return a good image, or None when none arrives within a poll interval."""
        try:
            image = self._capture.take(self._timeouts.poll)
        except CameraError as error:
            self._fail(Problem(error.message, error.cure))
            return None
        if image and self._monitor.accept(image.grey):
            return image
        if problem := self._monitor.problem:
            self._report(problem)
            if self._monitor.needs_restart:
                self._fail(problem)
        return None

    def _frame(self, image: CameraImage) -> Frame:
        if self.problem not in {None, NO_FRAME_YET}:
            log.info("camera %s: delivering frames again", self.name)
        self.problem = None
        self._retry.record_frame()
        if self._darkness.begins(image.grey):
            log.warning("camera %s: dark for %.0f seconds: is the lens covered, or is it night?", self.name, DARK_TIME)
        detail = None if image.detail is None else orient(image.detail, self._options)
        colour = orient_colour(image.colour, self._options)
        self._number += 1
        return Frame(orient(image.grey, self._options), image.time, self._number - 1, detail=detail, colour=colour)

    def _fail(self, problem: Problem) -> None:
        """End the thread, and schedule the next attempt. Raises CameraError when that is pointless."""
        self._report(problem)
        self._retry.record_failure()
        self._capture.stop(self._timeouts.poll)

    def _report(self, problem: Problem) -> None:
        """Log the beginning of an outage; further problems during the same outage are not logged."""
        if self.problem in {None, NO_FRAME_YET}:
            log.warning("camera %s: %s, retrying", self.name, problem)
        self.problem = problem
        self._retry.record_interruption()
