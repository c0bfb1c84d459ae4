"""A run of the daemon: frames in, events out, until the frames end or the run is stopped."""

from __future__ import annotations

import logging
import sys
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from operator import length_hint
from pathlib import Path
from typing import TextIO

import cv2

from fer_edge.cameras.base import FrameSource
from fer_edge.cameras.browser import BrowserCamera, missing_page_error
from fer_edge.cameras.factory import open_source
from fer_edge.cameras.frame import Frame, orient
from fer_edge.clock import Clock
from fer_edge.config.model import Config
from fer_edge.config.moods import check_emotions
from fer_edge.errors import FerError
from fer_edge.events import Event, MessageBuilder
from fer_edge.monitoring.sd_notify import Notifier
from fer_edge.monitoring.watchdog import RunWatchdog
from fer_edge.mqtt.device import MqttDevice
from fer_edge.mqtt.outbox import Outbox
from fer_edge.output import open_unbuffered
from fer_edge.progress import bar
from fer_edge.run.controls import RunControls
from fer_edge.run.frame_processor import open_processor
from fer_edge.run.models import Models, open_models
from fer_edge.run.observer import AnnotationObserver, EventPrinter, OutputError, RunObserver
from fer_edge.run.pause_file import PauseFile
from fer_edge.run.reports import Report, Reports
from fer_edge.run.status import RunStatus, describe_run

log = logging.getLogger(__name__)

POLL_INTERVAL = 0.2  # seconds between two iterations of the loop while paused


def open_daemon(
    config: Config, password: str | None = None, open_observers: Callable[[], Sequence[RunObserver]] = tuple
) -> Daemon:
    """Open the models and the camera and connect them to the broker. Broker and camera may be unavailable.

    Args:
        config: The settings of the run.
        password: The password of the broker's user.
        open_observers: Opens any further observers, such as the live page; called last.

    Raises:
        FerError: The model, the accelerator, or what `config.camera` names cannot be used.
    """
    cv2.setNumThreads(config.threads)
    models = open_models(config)
    check_emotions(config.moods, models.classifier.labels)
    source = open_source(config.camera, config.camera_options, config.light)
    if isinstance(source, BrowserCamera) and not config.web:
        raise missing_page_error()
    observers: list[RunObserver] = []
    if config.annotate:
        from fer_edge.annotation.writers import open_writer  # a service never needs it

        turn = partial(orient, options=config.camera_options)
        writer = open_writer(config.camera, config.annotate, models.classifier.labels, turn, config.pipeline.zones)
        observers.append(AnnotationObserver(writer))
    observers += open_observers()
    return Daemon(config, source, models, password=password, observers=observers)


class Daemon:
    """Takes the frames of a source through the pipeline and passes frames and events on to the observers.

    Attributes:
        controls: Stops, restarts or pauses the run, from any thread and from signal handlers.
        status: Describes the run, to any thread.
    """

    def __init__(
        self,
        config: Config,
        source: FrameSource,
        models: Models,
        *,
        password: str | None = None,
        stdout: TextIO | None = None,
        clock: Clock | None = None,
        observers: Sequence[RunObserver] = (),
    ) -> None:
        """Open the outbox. Raises UsageError when it cannot be used."""
        self._clock = clock or Clock()
        self._source = source
        self._processor = open_processor(source, models, config.pipeline, self._clock)
        self._outbox = Outbox(config.outbox)
        mqtt = MqttDevice(config, config.broker, self._outbox, password) if config.broker else None
        printer = None
        if config.print_events:
            printer = EventPrinter(stdout or open_unbuffered(sys.stdout), live=source.live)
        self._observers = [observer for observer in (mqtt, *observers, printer) if observer]
        self._shows_progress = not (source.live or (printer and (stdout or sys.stdout).isatty()))
        self._messages = MessageBuilder(
            config.device, uuid.uuid4().hex[:12], _wall_clock(self._clock, live=source.live)
        )
        self._reports = Reports(self._messages, self._processor.pipeline)
        if config.history or (config.broker and config.minutes):
            self._reports.count_minutes(models.classifier.labels)
        if config.broker and config.moods:
            self._reports.track_moods(config.moods, models.classifier.labels)
        self.controls = RunControls(self._processor.pipeline, PauseFile(config.pause_file))
        info = describe_run(source, models, config)
        publisher = mqtt.publisher if mqtt else None
        self.status = RunStatus(config.device, info, source, self._processor, self.controls, self._outbox, publisher)

    def run(self, notifier: Notifier | None = None) -> None:
        """Process every frame.

        While the camera is unavailable, all tracks are ended, but the observers are still polled. However the run ends,
        every track gets its `end` event, stored events are delivered if the broker can be reached, and `status` becomes
        offline.

        Raises:
            FerError: The first error of the source or of an observer, once all of that is done.
        """
        watchdog = RunWatchdog(notifier or Notifier(), self.status.summary, self._clock)
        errors: list[FerError] = []
        try:
            for observer in self._observers:
                observer.on_start(self.status, self.controls)
            with _collect(errors):
                for frame in self._frames():
                    self._process(frame)
                    watchdog.update(frame=frame is not None)
                self._check_skipped()
            watchdog.end(restarting=self.controls.restarting)
            self._finish(errors)
        finally:
            self._close()
        _raise_first(errors)

    def _frames(self) -> Iterator[Frame | None]:
        """The frames of the source; None a few times a second while it has none or is paused."""
        frames = iter(self._source_with_progress())
        while not self.controls.stopping:
            if self.controls.paused:
                if self._source.live:
                    self._source.close()  # it reopens when the next frame is requested
                self._clock.sleep(POLL_INTERVAL)
                yield None
            else:
                try:
                    yield next(frames)
                except StopIteration:
                    return

    def _source_with_progress(self) -> Iterable[Frame | None]:
        """The source, with a progress bar if it is a file, unless the events are printed on the same terminal."""
        if not self._shows_progress:
            return self._source
        return bar(self._source, Path(self._source.name).name, "frame", length_hint(self._source) or None)

    def _process(self, frame: Frame | None) -> None:
        self._publish(self._processor.step(frame))
        if frame:
            self._report(self._reports.add(frame))
        elif self._source.live:
            self._report(self._reports.interrupt(self._clock.monotonic()))
        for observer in self._observers:
            if frame:
                observer.on_frame(frame, self._processor.pipeline.tracked_faces)
            observer.poll()

    def _check_skipped(self) -> None:
        """Raise FerError if frames of a file were skipped; a camera has further ones."""
        if (skipped := self._processor.skipped) and not self._source.live:
            raise FerError(f"{self._source.name}: unexpected errors (see the log); frames skipped: {skipped}")

    def _publish(self, events: Iterable[Event]) -> None:
        for event in events:
            message = self._messages.message(event)
            for observer in self._observers:
                observer.on_event(message)

    def _report(self, reports: Iterable[Report]) -> None:
        for topic, message in reports:
            for observer in self._observers:
                observer.on_report(topic, message)

    def _finish(self, errors: list[FerError]) -> None:
        with _collect(errors):
            self._publish(self._processor.pipeline.finish())
            self._report(self._reports.finish())
        for observer in reversed(self._observers):
            with _collect(errors):
                observer.finish()

    def _close(self) -> None:
        self._source.close()
        for observer in reversed(self._observers):
            observer.close()
        self._outbox.close()


@contextmanager
def _collect(errors: list[FerError]) -> Iterator[None]:
    """Add a FerError to a list instead of raising it."""
    try:
        yield
    except FerError as error:
        errors.append(error)


def _raise_first(errors: list[FerError]) -> None:
    """Raise the first error and log the others; an OutputError takes precedence."""
    errors.sort(key=lambda error: not isinstance(error, OutputError))
    for error in errors[1:]:
        if str(error) != str(errors[0]):
            log.warning("%s", error)
    if errors:
        raise errors[0]


def _wall_clock(clock: Clock, *, live: bool) -> Callable[[float], float]:
    """A function that converts the time of a frame to seconds since the epoch.

    Frames of a camera have monotonic times, and the wall clock is read for each of them, as it may be set during the
    run. Frames of a file have times relative to its first frame, which counts as captured now.
    """
    if live:
        return lambda frame_time: clock.wall() - clock.monotonic() + frame_time
    start = clock.wall()
    return lambda frame_time: start + frame_time
