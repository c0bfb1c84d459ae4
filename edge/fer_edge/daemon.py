"""A run of the daemon: frames in, events out, until the frames end or somebody says stop."""

from __future__ import annotations

import logging
import sys
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from operator import length_hint
from pathlib import Path
from typing import Any, Protocol, TextIO

import cv2

from fer_edge.annotation.writers import AnnotatedCopy, open_copy
from fer_edge.cameras.base import FrameSource
from fer_edge.cameras.browser import BrowserCamera, missing_page_error
from fer_edge.cameras.factory import open_source
from fer_edge.cameras.frame import Frame, oriented
from fer_edge.clock import Clock
from fer_edge.config.model import Config
from fer_edge.config.web import WebOptions
from fer_edge.errors import FerError, MissingExtraError
from fer_edge.events import Event, MessageBuilder, encode
from fer_edge.inference.classifier import EmotionClassifier
from fer_edge.inference.selection import select_engine
from fer_edge.monitoring.sd_notify import Notifier
from fer_edge.monitoring.watchdog import RunWatchdog
from fer_edge.mqtt.device import MqttDevice
from fer_edge.progress import bar
from fer_edge.sensor import Sensor
from fer_edge.tracking.track import TrackedFace

log = logging.getLogger(__name__)

FLUSH_TIMEOUT = 5.0  # seconds to deliver what is left at the end
STOP_TIMEOUT = 1.5  # the same when we are told to stop, which is to be done within 5 seconds
POLL_INTERVAL = 0.2  # seconds between two looks while paused


class UndeliveredError(FerError):
    """The run ended and the broker does not have every event."""


class OutputError(FerError):
    """The events could not be printed; its cause tells why."""


class RunObserver(Protocol):
    """Somebody who looks on at a run, and of whom it knows no more; called by the loop over the frames."""

    def start(self, sensor: Sensor) -> None:
        """The run begins; `sensor` can be asked, and paused, from any thread."""
        ...

    def see(self, frame: Frame, tracks: Sequence[TrackedFace]) -> None:
        """A frame, and the faces in it, the largest first; their boxes are in its pixels."""
        ...

    def hear(self, message: dict[str, Any]) -> None:
        """An event, as subscribers get it."""
        ...

    def check(self) -> None:
        """Raise FerError when the onlooker has broken down."""
        ...

    def close(self) -> None:
        """The run has ended. May be called more than once."""
        ...


@dataclass(frozen=True)
class Guests:
    """Who takes part in a run beside the broker, if anybody: an annotated copy, an onlooker."""

    copy: AnnotatedCopy | None = None
    onlooker: RunObserver | None = None


def open_service(config: Config, password: str | None = None, token: str | None = None) -> Service:
    """Open model, camera and page, in this order, and join them to the broker. Broker and camera may be away.

    password: of the broker's user. token: of the page. Raises FerError when the model, the accelerator, or what
    `config.camera` or `config.web` names cannot be used.
    """
    cv2.setNumThreads(config.threads)
    classifier = EmotionClassifier(*select_engine(config.model, config.accelerator, config.threads))
    classifier.warm_up()
    source = open_source(config.camera, config.camera_options)
    copy = None
    if config.annotate:
        turn = partial(oriented, options=config.camera_options)
        copy = open_copy(config.camera, config.annotate, classifier.labels, turn)
    page = _open_page(config.web, token) if config.web else None
    if isinstance(source, BrowserCamera) and not page:
        raise missing_page_error()
    return Service(config, source, classifier, password=password, guests=Guests(copy, page))


def _open_page(options: WebOptions, token: str | None) -> RunObserver:
    try:
        from fer_edge.web.server import WebServer
    except ImportError as error:
        raise MissingExtraError("--web", "web", error.name) from error
    return WebServer(options, token)


class Service:
    """Joins source, pipeline, outbox and broker."""

    def __init__(
        self,
        config: Config,
        source: FrameSource,
        classifier: EmotionClassifier,
        *,
        password: str | None = None,
        stdout: TextIO = sys.stdout,
        clock: Clock | None = None,
        guests: Guests | None = None,
    ) -> None:
        """Open the outbox. Raises UsageError when it cannot be used."""
        self._clock = clock or Clock()
        self._source, guests = source, guests or Guests()
        self._copy, self._onlooker = guests.copy, guests.onlooker
        self.sensor = Sensor(config, source, classifier, self.stop, self._clock.wall, self._clock.monotonic)
        self._controls = self.sensor.controls
        self._stamper = MessageBuilder(config.device, uuid.uuid4().hex[:12], _wall_clock(self._clock, live=source.live))
        self._stdout = stdout if config.print_events else None
        self._unprinted: OutputError | None = None
        self._stopping = False
        self._connect = partial(MqttDevice, config, config.broker, self.sensor, password) if config.broker else None
        self._remote: MqttDevice | None = None

    @property
    def restarting(self) -> bool:
        """Whether the process is to start anew now that the run has ended."""
        return self._controls.restarting

    def stop(self) -> None:
        """Ask the run to end after the frame in hand, if there is one. May be called from a signal handler."""
        self._stopping = True
        self._controls.restarting = False

    def restart(self) -> None:
        """Ask for a new start in good order, unless the end is near anyway. May be called from a signal handler."""
        if not self._stopping:
            self.stop()
            self._controls.restarting = True

    def run(self, notifier: Notifier | None = None) -> None:
        """Process every frame; while a camera is away, its faces have ended and the broker is served all the same.

        However the frames end, every open track gets its `end`, what is stored is sent as far as the broker is there,
        and `status` says offline. Only then is a FerError raised: that of the source, or because events could not be
        delivered or printed.
        """
        faults: list[FerError] = []
        watch = RunWatchdog(notifier or Notifier(), self.sensor.standing, self._clock.monotonic)
        try:
            self._join()
            try:
                for frame in self._frames():
                    self._turn(frame)
                    watch.turn(frame=frame is not None)
            except FerError as error:
                faults.append(error)
            watch.end(restarting=self.restarting)
            self._tell(self.sensor.pipeline.finish())
            faults += self._finish_copy()
            if self._remote and not self._remote.publisher.flush(STOP_TIMEOUT if self._stopping else FLUSH_TIMEOUT):
                faults.append(UndeliveredError(f"broker {self._remote.publisher.problem}; {self.sensor.undelivered()}"))
        finally:
            self._close()
        if self._unprinted:
            faults.insert(0, self._unprinted)
        for fault in faults[1:]:
            log.warning("%s", fault)
        if faults:
            raise faults[0]

    def _join(self) -> None:
        """Begin to connect, and let onlookers in; not before, so that a signal finds what it can end in good order."""
        if self._connect:
            self._remote = self._connect()
        if self._onlooker:
            self._onlooker.start(self.sensor)

    def _frames(self) -> Iterator[Frame | None]:
        """The frames of the source; None, a few times a second, while it has none or is paused."""
        frames = iter(self._watched())
        while not self._stopping:
            if self._controls.paused:
                if self._source.live:
                    self._source.close()  # it opens again when it is asked for a frame
                self._clock.sleep(POLL_INTERVAL)
                yield None
            else:
                try:
                    yield next(frames)
                except StopIteration:
                    return

    def _watched(self) -> Iterable[Frame | None]:
        """The source; a file with a bar, unless the events are printed on the same terminal."""
        if self._source.live or (self._stdout and self._stdout.isatty()):
            return self._source
        return bar(self._source, Path(self._source.name).name, "frame", length_hint(self._source) or None)

    def _turn(self, frame: Frame | None) -> None:
        self._tell(self.sensor.step(frame))
        if frame and self._copy:
            self._copy.add(frame, self.sensor.pipeline.tracked_faces)
        if self._onlooker:
            self._onlooker.check()
            if frame:
                self._onlooker.see(frame, self.sensor.pipeline.tracked_faces)
        if self._remote:
            self._remote.answer()

    def _finish_copy(self) -> list[FerError]:
        if self._copy and self._stopping:
            log.warning("--annotate: stopped before the end; the copy is dropped")
        elif self._copy:
            try:
                self._copy.finish()
            except FerError as error:
                return [error]
        return []

    def _close(self) -> None:
        self._source.close()
        if self._onlooker:
            self._onlooker.close()
        if self._copy:
            self._copy.drop()
        if self._remote:
            self._remote.publisher.close()
        self.sensor.outbox.close()

    def _tell(self, events: list[Event]) -> None:
        for event in events:
            message = self._stamper.message(event)
            line = encode(message)
            if self._remote:
                self._remote.put(line)
            if self._onlooker:
                self._onlooker.hear(message)
            self._print(line)
        if self._remote:
            self._remote.report()

    def _print(self, line: str) -> None:
        if self._stdout:
            try:
                self._stdout.write(line + "\n")
                self._stdout.flush()
            except OSError as error:
                # The reader has gone, or the disk is full: end, but in good order, for the subscribers' sake.
                self._stdout, self._unprinted = None, OutputError(f"--print: standard output: {error.strerror}")
                self._unprinted.__cause__ = error
                self.stop()


def _wall_clock(clock: Clock, *, live: bool) -> Callable[[float], float]:
    """Turns the time of a frame into seconds since the epoch.

    A camera's frames are timed by the monotonic clock, and the wall clock is asked anew each time, since it may be set
    while we run. A file's frames are timed by the file, whose first frame counts as taken now.
    """
    if live:
        return lambda frame_time: clock.wall() - clock.monotonic() + frame_time
    start = clock.wall()
    return lambda frame_time: start + frame_time
