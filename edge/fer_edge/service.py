"""A run of the daemon: frames in, events out, until the frames end or somebody says stop."""

from __future__ import annotations

import logging
import sys
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TextIO

import cv2

from . import __version__
from .cameras import open_source
from .choice import choose
from .config import Config
from .emotions import EmotionClassifier
from .errors import FerError
from .events import Event, Stamper, encode
from .faces import FaceDetector
from .frames import FrameSource
from .outbox import Outbox
from .pipeline import Pipeline
from .publisher import Publisher
from .tracks import Tracker

log = logging.getLogger(__name__)

FLUSH_PATIENCE = 5.0  # seconds to deliver what is left at the end
STATE_EXPIRY = 600  # seconds that the broker believes a state that is not said again


class UndeliveredError(FerError):
    """The run ended and the broker does not have every event."""


class OutputError(FerError):
    """The events could not be printed; its cause tells why."""


@dataclass(frozen=True)
class Clock:
    """Where the time comes from; handed in, so that a test can decide what time it is. Seconds."""

    wall: Callable[[], float] = time.time
    monotonic: Callable[[], float] = time.monotonic


def open_service(config: Config, password: str | None = None) -> Service:
    """Open model and camera, in this order, and join them to the broker. Broker and camera may be away.

    Raises FerError when the model, the accelerator, or what `config.camera` names cannot be used.
    """
    cv2.setNumThreads(config.threads)
    classifier = EmotionClassifier(*choose(config.model, config.accelerator, config.threads))
    classifier.warm_up()
    return Service(config, open_source(config.camera, config.camera_options), classifier, password=password)


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
    ) -> None:
        """Open the outbox and start to connect. Raises UsageError when the outbox cannot be used."""
        self._source = source
        self._pipeline = Pipeline(FaceDetector(config.min_face), classifier, Tracker())
        self._outbox = Outbox(config.outbox)
        self._kept_in = config.outbox
        run = uuid.uuid4().hex[:12]
        self._stamper = Stamper(config.device, run, _wall_clock(clock or Clock(), live=source.live))
        self._stdout = stdout if config.print_events else None
        self._unprinted: OutputError | None = None
        self._stopping = False
        self._publisher: Publisher | None = None
        if config.broker:
            self._publisher = Publisher(config.broker, password, config.device, self._outbox)
            self._publisher.retain("info", _info(source, classifier))
            self._publisher.retain("state", self._state(), STATE_EXPIRY)

    def stop(self) -> None:
        """Ask the run to end after the frame in hand, if there is one. May be called from a signal handler."""
        self._stopping = True

    def run(self) -> None:
        """Process every frame; while a camera is away, its faces have ended and the broker is served all the same.

        However the frames end, every open track gets its `end`, what is stored is sent as far as the broker is there,
        and `status` says offline. Only then is a FerError raised: that of the source, or because events could not be
        delivered or printed.
        """
        faults: list[FerError] = []
        try:
            try:
                for frame in self._source:
                    self._tell(self._pipeline.step(frame) if frame else self._pipeline.finish())
                    if self._stopping:
                        break
            except FerError as error:
                faults.append(error)
            self._tell(self._pipeline.finish())
            if self._publisher and not self._publisher.flush(FLUSH_PATIENCE):
                faults.append(UndeliveredError(f"broker {self._publisher.trouble}; {self._left()}"))
        finally:
            self._close()
        if self._unprinted:
            faults.insert(0, self._unprinted)
        for fault in faults[1:]:
            log.warning("%s", fault)
        if faults:
            raise faults[0]

    def _close(self) -> None:
        self._source.close()
        if self._publisher:
            self._publisher.close()
        self._outbox.close()

    def _tell(self, events: list[Event]) -> None:
        for event in events:
            line = encode(self._stamper.message(event))
            if self._publisher:
                self._publisher.put(line)
            self._print(line)
        if self._publisher:
            self._publisher.retain("state", self._state(), STATE_EXPIRY)

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

    def _state(self) -> dict[str, Any]:
        return {"faces": self._pipeline.faces, "emotion": self._pipeline.dominant, "paused": False}


def _info(source: FrameSource, classifier: EmotionClassifier) -> dict[str, Any]:
    return {
        "version": __version__,
        "model": {"name": classifier.model.name, "sha256": classifier.model.sha256},
        "labels": classifier.labels,
        "accelerator": classifier.runs_on,
        "camera": source.name,
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
