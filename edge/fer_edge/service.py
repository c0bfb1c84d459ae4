"""A run of the daemon: frames in, events out, until the frames end or somebody says stop."""

from __future__ import annotations

import logging
import sys
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from operator import length_hint
from pathlib import Path
from typing import Any, TextIO

import cv2

from .broker import Broker
from .cameras import open_source
from .choice import choose
from .commands import Command, Commands
from .config import Config
from .controls import Controls, answer_health
from .discovery import announce
from .emotions import EmotionClassifier
from .errors import FerError
from .events import Event, Stamper, encode
from .frames import Frame, FrameSource, turned
from .health import Health
from .meter import Meter
from .notify import Notifier, Watch
from .outbox import Outbox
from .pipeline import open_pipeline
from .progress import bar
from .publisher import Publisher
from .reports import Reports, describe
from .strain import Strain
from .writers import Copy, open_copy

log = logging.getLogger(__name__)

FLUSH_PATIENCE = 5.0  # seconds to deliver what is left at the end
STOP_PATIENCE = 1.5  # the same when we are told to stop, which is to be done within 5 seconds
TICK = 0.2  # seconds between two looks while paused


class UndeliveredError(FerError):
    """The run ended and the broker does not have every event."""


class OutputError(FerError):
    """The events could not be printed; its cause tells why."""


@dataclass(frozen=True)
class Remote:
    """The broker's side of a run."""

    publisher: Publisher
    reports: Reports
    commands: Commands


@dataclass(frozen=True)
class Clock:
    """Where the time comes from; handed in, so that a test can decide what time it is. Seconds."""

    wall: Callable[[], float] = time.time
    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


def open_service(config: Config, password: str | None = None) -> Service:
    """Open model and camera, in this order, and join them to the broker. Broker and camera may be away.

    Raises FerError when the model, the accelerator, or what `config.camera` names cannot be used.
    """
    cv2.setNumThreads(config.threads)
    classifier = EmotionClassifier(*choose(config.model, config.accelerator, config.threads))
    classifier.warm_up()
    source = open_source(config.camera, config.camera_options)
    copy = None
    if config.annotate:
        copy = open_copy(
            config.camera, config.annotate, classifier.labels, partial(turned, options=config.camera_options)
        )
    return Service(config, source, classifier, password=password, copy=copy)


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
        copy: Copy | None = None,
    ) -> None:
        """Open the outbox and start to connect. Raises UsageError when the outbox cannot be used."""
        self._clock = clock or Clock()
        self._source, self._copy = source, copy
        self._meter = Meter(self._clock.monotonic)
        self._pipeline = open_pipeline(classifier, config.engine, self._meter.stage)
        self._strain = Strain(source, self._pipeline, self._clock.monotonic)
        self._outbox = Outbox(config.outbox)
        self._kept_in = config.outbox
        self._stamper = Stamper(config.device, uuid.uuid4().hex[:12], _wall_clock(self._clock, live=source.live))
        self._stdout = stdout if config.print_events else None
        self._unprinted: OutputError | None = None
        self._stopping = False
        self._controls = Controls(self._pipeline, self.stop, self._clock.wall, snapshots=config.allow_snapshots)
        self._runs_on = classifier.runs_on
        self._remote = self._connect(config, config.broker, classifier, password) if config.broker else None

    def _connect(self, config: Config, broker: Broker, classifier: EmotionClassifier, password: str | None) -> Remote:
        publisher = Publisher(broker, password, config.device, self._outbox)
        clock = self._clock.monotonic
        health = Health(
            self._source,
            self._meter,
            classifier.runs_on,
            lambda: publisher.counts,
            clock,
            degraded=lambda: self._strain.degraded,
        )
        info = describe(self._source, classifier)
        reports = Reports(publisher, info, health.message, clock)
        reports.tell(self._state())
        if config.discovery:
            announce(publisher, config.discovery, config.device, info)
        commands: dict[str, Command] = {**self._controls.commands, "health": partial(answer_health, health)}
        return Remote(publisher, reports, Commands(publisher, commands))

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
        watch = Watch(notifier or Notifier(), self._standing, self._clock.monotonic)
        try:
            try:
                for frame in self._frames():
                    self._turn(frame)
                    watch.turn(frame=frame is not None)
            except FerError as error:
                faults.append(error)
            watch.end(restarting=self.restarting)
            self._tell(self._pipeline.finish())
            faults += self._finish_copy()
            if self._remote and not self._remote.publisher.flush(STOP_PATIENCE if self._stopping else FLUSH_PATIENCE):
                faults.append(UndeliveredError(f"broker {self._remote.publisher.trouble}; {self._left()}"))
        finally:
            self._close()
        if self._unprinted:
            faults.insert(0, self._unprinted)
        for fault in faults[1:]:
            log.warning("%s", fault)
        if faults:
            raise faults[0]

    def _frames(self) -> Iterator[Frame | None]:
        """The frames of the source; None, a few times a second, while it has none or is paused."""
        frames = iter(self._watched())
        while not self._stopping:
            if self._controls.paused:
                if self._source.live:
                    self._source.close()  # it opens again when it is asked for a frame
                self._clock.sleep(TICK)
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
        if frame:
            with self._meter.stage("step"):
                events = self._pipeline.step(frame)
            self._meter.frames += 1
            self._controls.frame = frame
        else:
            events = self._pipeline.finish()
        self._strain.turn(frame=frame is not None)
        self._tell(events)
        if frame and self._copy:
            self._copy.add(frame, self._pipeline.followed)
        if self._remote:
            self._remote.commands.run()

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
        if self._copy:
            self._copy.drop()
        if self._remote:
            self._remote.publisher.close()
        self._outbox.close()

    def _tell(self, events: list[Event]) -> None:
        for event in events:
            line = encode(self._stamper.message(event))
            if self._remote:
                self._remote.publisher.put(line)
            self._print(line)
        if self._remote:
            self._remote.publisher.check()
            self._remote.reports.tell(self._state(), self._controls.state_every)

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

    def _left(self) -> str:
        kept = f"they wait in {self._kept_in}" if self._kept_in else "they are lost (--outbox FILE keeps them)"
        return f"{len(self._outbox)} events were not delivered; {kept}" if len(self._outbox) else "there were no events"

    def _standing(self, fps: float) -> str:
        """How the run fares, in a line."""
        camera = "paused" if self._controls.paused else self._source.trouble
        waiting = f"events waiting: {len(self._outbox)}"
        if self._remote and not self._remote.publisher.connected:
            waiting += f" (broker {self._remote.publisher.trouble})"
        frames = f"camera {camera}" if camera else f"{fps:.0f} fps"
        if self._strain.degraded:
            frames += f" ({self._strain.degraded})"
        return f"{frames}; faces: {self._pipeline.faces}; {self._runs_on}; {waiting}"

    def _state(self) -> dict[str, Any]:
        score = self._pipeline.score
        return {
            "faces": self._pipeline.faces,
            "emotion": self._pipeline.dominant,
            "score": None if score is None else round(score, 2),
            "paused": self._controls.paused,
        }


def _wall_clock(clock: Clock, *, live: bool) -> Callable[[float], float]:
    """Turns the time of a frame into seconds since the epoch.

    A camera's frames are timed by the monotonic clock, and the wall clock is asked anew each time, since it may be set
    while we run. A file's frames are timed by the file, whose first frame counts as taken now.
    """
    if live:
        return lambda frame_time: clock.wall() - clock.monotonic() + frame_time
    start = clock.wall()
    return lambda frame_time: start + frame_time
