"""A run of months in minutes: frames by the million, and all the faults that a Pi meets.

Daemon, reconnecting camera and its thread, engine, model, outbox, publisher and Mosquitto are real. The camera itself
and the time are simulated: the time advances by a fifteenth of a second with each frame, and by what the code sleeps.
"""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from tests.support.clock import NOON, FakeClock
from tests.support.media import WALK
from tests.support.mosquitto import Mosquitto, read_messages
from tests.support.persistence import SUBSCRIBER_FLAGS, persistent_broker_settings
from tests.support.waiting import open_descriptors, wait_until

from fer_edge.backoff import Backoff
from fer_edge.cameras.base import CameraError, CameraImage
from fer_edge.cameras.capture_thread import CaptureThread
from fer_edge.cameras.files import VideoFile
from fer_edge.cameras.frame import Frame
from fer_edge.cameras.reconnecting import ReconnectingCamera, Timeouts
from fer_edge.config.broker import Broker
from fer_edge.config.camera import CameraOptions
from fer_edge.config.model import Config, parse_model
from fer_edge.daemon import Daemon
from fer_edge.inference.classifier import EmotionClassifier
from fer_edge.inference.loader import open_engine
from fer_edge.inference.model_file import read_model
from fer_edge.monitoring.system import resident_memory
from fer_edge.mqtt.publisher import Publisher
from fer_edge.run.models import Models
from fer_edge.run.observer import RunObserver

FPS = 15.0
PICTURE_SIZE = (240, 135)  # small, because there are a million
FAULT_INTERVAL = 400  # frames from the end of one fault to the next, on average
SAMPLES = 400  # of what the process holds, in a run
FAULTS = ("lost", "silent", "grey", "half", "dark", "forward", "backward", "epoch", "broker")
LOG_PHRASES = ("delivering frames again", "retrying", "connected to")


class Sample(NamedTuple):
    """What the process holds at a frame.

    Attributes:
        frame: Number of the frame.
        rss: Resident memory in MB.
        descriptors: Number of open files and sockets.
        threads: Number of threads.
        queue: Number of events waiting for the broker.
        is_healthy: Whether camera and broker can be reached.
    """

    frame: int
    rss: float
    descriptors: int
    threads: int
    queue: int
    is_healthy: bool


@dataclass
class RunRecord:
    """The results of a run.

    Attributes:
        samples: What the process held.
        faults: Frame at which each fault began, and its kind.
        received: `seq` of the events as a subscriber received them, including duplicates.
        frames: How many frames the camera delivered.
        log: Number of log lines by level, and by origin and phrase.
    """

    samples: list[Sample]
    faults: list[tuple[int, str]]
    received: list[int]
    frames: int
    log: Counter[str] = field(default_factory=Counter)


class FaultyCamera:
    """Delivers an image on request, except during faults.

    Every kind of fault occurs, in random order and with a random length: attempts to open the camera, half seconds of
    silence, or frames.

    Attributes:
        requested: Set when an image is wanted.
        faults: Frame at which each fault began, and its kind.
        fault: The current fault, or empty.
        on_frame: Called with the number of each frame.
    """

    name = "made"

    def __init__(self, clock: FakeClock, broker: Mosquitto, frames: int, rng: np.random.Generator) -> None:
        self.requested = threading.Event()
        self.faults: list[tuple[int, str]] = []
        self.fault = ""
        self.on_frame: Callable[[int], None] = lambda _: None
        self._clock, self._broker, self._rng = clock, broker, rng
        self._interval = min(FAULT_INTERVAL, frames // 30)
        self._last_fault = frames - 3 * self._interval  # longer than any fault: the run ends without one
        self._number = 0
        self._kinds: list[str] = []  # of the next faults
        self._remaining, self._next = 0, self._interval
        self._clip = [
            np.asarray(cv2.resize(frame.grey, PICTURE_SIZE, interpolation=cv2.INTER_AREA), np.uint8)
            for frame in VideoFile(WALK)
        ]

    def open(self) -> None:
        if self.fault == "lost":
            self._remaining -= 1
            if self._remaining > 0:
                raise CameraError("it is not there")
            self._end_fault()

    def read(self) -> CameraImage | None:
        if not self.requested.wait(0.005):
            return None
        self.requested.clear()
        if self.fault == "lost":
            raise CameraError("unplugged")
        if self.fault == "silent":
            self._clock.advance(0.5)
            self._continue_fault()
            return None
        self._clock.advance(1 / FPS)
        self.on_frame(self._number)
        image = CameraImage(self._picture(), None, self._clock.now)
        self._number += 1
        if self.fault:
            self._continue_fault()
        elif self._next <= self._number < self._last_fault:
            self._begin_fault()
        return image

    def close(self) -> None: ...

    def _picture(self) -> NDArray[np.uint8]:
        picture = self._clip[self._number % len(self._clip)]
        if self.fault == "grey":
            return np.full_like(picture, 128)
        if self.fault == "half":
            rows = np.arange(PICTURE_SIZE[1])[:, None]
            return np.where(rows < PICTURE_SIZE[1] // 2, picture, np.uint8(128))
        return picture // 12 if self.fault == "dark" else picture

    def _begin_fault(self) -> None:
        self._kinds = self._kinds or [str(kind) for kind in self._rng.permutation(FAULTS)]
        self.fault = self._kinds.pop()
        self.faults.append((self._number, self.fault))
        long = 2 * self._interval
        longest = {"lost": 6, "silent": 60, "grey": 60, "half": 60, "dark": long, "broker": long}
        self._remaining = int(self._rng.integers(1, longest.get(self.fault, 1) + 1))
        if self.fault == "broker":
            self._broker.stop()
        elif self.fault == "forward":
            self._clock.wall_offset += self._rng.uniform(1, 1e7)
        elif self.fault == "backward":
            self._clock.wall_offset -= self._rng.uniform(1, 1e7)
        elif self.fault == "epoch":
            self._clock.wall_offset = -self._clock.now

    def _continue_fault(self) -> None:
        self._remaining -= 1
        if self._remaining <= 0:
            self._end_fault()

    def _end_fault(self) -> None:
        if self.fault == "broker":
            self._broker.start(persistent_broker_settings(self._broker.folder))
        elif self.fault == "epoch":
            self._clock.wall_offset = NOON
        self.fault, self._next = "", self._number + int(self._rng.exponential(self._interval))


class RequestingThread(CaptureThread):
    """Requests an image from the camera only when one is about to be taken, so that none is dropped."""

    def take(self, timeout: float) -> CameraImage | None:
        self._camera.requested.set()
        return super().take(timeout)


class LimitedCamera(ReconnectingCamera):
    """A reconnecting camera that ends after a number of frames.

    Attributes:
        delivered: Number of frames so far.
    """

    def __init__(self, camera: FaultyCamera, clock: FakeClock, frames: int) -> None:
        super().__init__(
            camera, CameraOptions(), clock=clock, timeouts=Timeouts(poll=0.05), start_thread=RequestingThread
        )
        self._frames, self.delivered = frames, 0

    def __iter__(self) -> Iterator[Frame | None]:
        for frame in super().__iter__():
            self.delivered += frame is not None
            yield frame
            if self.delivered >= self._frames:
                return


class EventCounter(RunObserver):
    """Counts the events of a run."""

    def __init__(self) -> None:
        self.count = 0

    def on_event(self, message: dict[str, Any]) -> None:
        self.count += 1


class LogCounter(logging.Handler):
    """Counts log lines by level, and by their first word and LOG_PHRASES."""

    def __init__(self) -> None:
        super().__init__()
        self.counts: Counter[str] = Counter()

    def emit(self, record: logging.LogRecord) -> None:
        message = record.getMessage()
        origin = message.partition(" ")[0]
        self.counts.update(f"{origin}: {phrase}" for phrase in LOG_PHRASES if phrase in message)
        self.counts[record.levelname] += 1


def run_with_faults(frames: int, folder: Path, seed: int = 0) -> RunRecord:
    """Run a daemon for a number of frames, with faults. Raises what the daemon raises."""
    broker = Mosquitto(folder)
    broker.start(persistent_broker_settings(broker.folder))
    counter, log = LogCounter(), logging.getLogger("fer_edge")
    log.addHandler(counter)
    log.setLevel(logging.INFO)
    try:
        with pytest.MonkeyPatch.context() as patch:
            # The broker's time is real.
            patch.setattr("fer_edge.mqtt.device.Publisher", partial(Publisher, backoff=Backoff(0.1, 0.5)))
            record = _run(frames, broker, seed)
    finally:
        log.removeHandler(counter)
        log.setLevel(logging.NOTSET)
        broker.close()
    record.log = counter.counts
    return record


def _run(frames: int, broker: Mosquitto, seed: int) -> RunRecord:
    clock, counter, samples = FakeClock(5000.0), EventCounter(), list[Sample]()
    subscriber = broker.subscribe("fer/cam/event", *SUBSCRIBER_FLAGS)
    camera = FaultyCamera(clock, broker, frames, np.random.default_rng(seed))
    source = LimitedCamera(camera, clock, frames)
    model = read_model(parse_model("nano"))
    classifier = EmotionClassifier(model, open_engine(model))
    config = Config("made", Broker("127.0.0.1", broker.port), device="cam", outbox=broker.folder / "outbox.sqlite")
    daemon = Daemon(config, source, Models(classifier), clock=clock, observers=[counter])
    health = daemon.status.open_health()

    def sample(number: int) -> None:
        if number % max(50, frames // SAMPLES) == 0:
            threads, queue = threading.active_count(), health.message()["queue"]
            is_healthy = not camera.fault and (daemon.status.broker or {})["connected"]
            samples.append(Sample(number, resident_memory() or 0, open_descriptors(), threads, queue, is_healthy))

    camera.on_frame = sample
    daemon.run()
    wait_until(lambda: _seqs(subscriber)[-1:] == [counter.count - 1])
    return RunRecord(samples, camera.faults, _seqs(subscriber), source.delivered)


def _seqs(subscriber: Path) -> list[int]:
    return [int(payload.partition('"seq":')[2].partition(",")[0]) for _, payload in read_messages(subscriber)]
