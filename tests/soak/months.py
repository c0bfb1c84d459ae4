"""Months of a service in minutes: frames by the million, and meanwhile all that can happen to a Pi.

Service, live source and its thread, engine, model, outbox, publisher and Mosquitto are real. The camera is made up, and
so is the time, which passes by a fifteenth of a second with each frame and by what is waited.
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
from tests.support import WALK, Mosquitto, descriptors, heard, wait_until
from tests.support.persistence import SUBSCRIBER_FLAGS, persistent_broker_settings

from fer_edge.backoff import Backoff
from fer_edge.cameras.base import CameraError, CameraImage
from fer_edge.cameras.capture_thread import CaptureThread
from fer_edge.cameras.files import VideoFile
from fer_edge.cameras.frame import Frame
from fer_edge.cameras.reconnecting import ReconnectingCamera, Timeouts
from fer_edge.clock import Clock
from fer_edge.config.broker import Broker
from fer_edge.config.camera import CameraOptions
from fer_edge.config.model import Config, parse_model
from fer_edge.daemon import Daemon
from fer_edge.inference.classifier import EmotionClassifier
from fer_edge.inference.engine import open_engine
from fer_edge.inference.model_file import read_model
from fer_edge.monitoring.system import resident_memory
from fer_edge.mqtt.publisher import Publisher
from fer_edge.run.observer import NullObserver

FPS = 15.0
SIDES = (240, 135)  # of a picture: small ones, for the sake of a million
BETWEEN = 400  # frames from the end of one fault to the next, on average
SAMPLES = 400
NOON = 1_700_049_600.0
FAULTS = ("lost", "silent", "grey", "half", "dark", "forward", "backward", "epoch", "broker")


class Sample(NamedTuple):
    """What the process holds at a frame: memory in MB; how many descriptors, threads, events that wait.

    well: whether camera and broker are there.
    """

    frame: int
    rss: float
    descriptors: int
    threads: int
    queue: int
    well: bool


@dataclass
class Record:
    """What came of a run.

    faults: at which frame which began. received: the `seq` of the events as a subscriber heard them, copies too.
    log: how often the camera or the broker was said to be lost, or back.
    """

    samples: list[Sample]
    faults: list[tuple[int, str]]
    received: list[int]
    frames: int
    log: Counter[str] = field(default_factory=Counter)


class Time:
    """A clock that is moved on, and a wall clock that somebody sets."""

    def __init__(self) -> None:
        self._now, self.offset = 5000.0, NOON
        self._lock = threading.Lock()

    def monotonic(self) -> float:
        return self._now

    def wall(self) -> float:
        return self._now + self.offset

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self._now += seconds


class Camera:
    """Gives a picture whenever one is wanted, unless a fault has come over it.

    Every kind of fault has its turn, in an order that is drawn, as is its length: attempts to open it, half seconds of
    silence, or frames.
    """

    name = "made"

    def __init__(self, time: Time, broker: Mosquitto, frames: int, rng: np.random.Generator) -> None:
        self.wanted = threading.Event()
        self.number = 0
        self.faults: list[tuple[int, str]] = []
        self.each: Callable[[int], None] = lambda _: None
        self._time, self._broker, self._rng = time, broker, rng
        self._between = min(BETWEEN, frames // 30)
        self._calm_from = frames - 3 * self._between  # longer than any fault
        self._long = 2 * self._between
        self._deck: list[str] = []
        self._clip = [
            np.asarray(cv2.resize(frame.grey, SIDES, interpolation=cv2.INTER_AREA), np.uint8)
            for frame in VideoFile(WALK)
        ]
        self.fault, self._left, self._next = "", 0, self._between

    def open(self) -> None:
        if self.fault == "lost":
            self._left -= 1
            if self._left > 0:
                raise CameraError("it is not there")
            self._end()

    def read(self) -> CameraImage | None:
        if not self.wanted.wait(0.005):
            return None
        self.wanted.clear()
        if self.fault == "lost":
            raise CameraError("unplugged")
        if self.fault == "silent":
            self._time.sleep(0.5)
            self._count_down()
            return None
        self._time.sleep(1 / FPS)
        self.each(self.number)
        shot = CameraImage(self._picture(), None, self._time.monotonic())
        self.number += 1
        if self.fault:
            self._count_down()
        elif self._next <= self.number < self._calm_from:
            self._begin()
        return shot

    def close(self) -> None: ...

    def _picture(self) -> NDArray[np.uint8]:
        picture = self._clip[self.number % len(self._clip)]
        if self.fault == "grey":
            return np.full_like(picture, 128)
        if self.fault == "half":
            return np.where(np.arange(SIDES[1])[:, None] < SIDES[1] // 2, picture, np.uint8(128))
        return picture // 12 if self.fault == "dark" else picture

    def _begin(self) -> None:
        self._deck = self._deck or [str(fault) for fault in self._rng.permutation(FAULTS)]
        self.fault = self._deck.pop()
        self.faults.append((self.number, self.fault))
        longest = {"lost": 6, "silent": 60, "grey": 60, "half": 60, "dark": self._long, "broker": self._long}
        self._left = int(self._rng.integers(1, longest.get(self.fault, 1) + 1))
        if self.fault == "broker":
            self._broker.stop()
        elif self.fault == "forward":
            self._time.offset += self._rng.uniform(1, 1e7)
        elif self.fault == "backward":
            self._time.offset -= self._rng.uniform(1, 1e7)
        elif self.fault == "epoch":
            self._time.offset = -self._time.monotonic()

    def _count_down(self) -> None:
        self._left -= 1
        if self._left <= 0:
            self._end()

    def _end(self) -> None:
        if self.fault == "broker":
            self._broker.start(persistent_broker_settings(self._broker.folder))
        elif self.fault == "epoch":
            self._time.offset = NOON
        self.fault, self._next = "", self.number + int(self._rng.exponential(self._between))


class AskingThread(CaptureThread):
    """Asks the camera for an image only when one is about to be taken, so that none is dropped."""

    def take(self, timeout: float) -> CameraImage | None:
        self._camera.wanted.set()
        return super().take(timeout)


class Asked(ReconnectingCamera):
    """Ends after so many frames."""

    def __init__(self, camera: Camera, time: Time, frames: int) -> None:
        clock, timeouts = Clock(time.wall, time.monotonic, time.sleep), Timeouts(poll=0.05)
        super().__init__(camera, CameraOptions(), clock=clock, timeouts=timeouts, start_thread=AskingThread)
        self._frames, self.given = frames, 0

    def __iter__(self) -> Iterator[Frame | None]:
        for frame in super().__iter__():
            self.given += frame is not None
            yield frame
            if self.given >= self._frames:
                return


class EventCounter(NullObserver):
    """Counts the events of a run."""

    def __init__(self) -> None:
        self.count = 0

    def on_event(self, message: dict[str, Any]) -> None:
        self.count += 1


class Ear(logging.Handler):
    """Counts what is said in the log."""

    def __init__(self) -> None:
        super().__init__()
        self.said: Counter[str] = Counter()

    def emit(self, record: logging.LogRecord) -> None:
        message = record.getMessage()
        for words in ("frames again", "retrying", "trying again", "connected to"):
            self.said[f"{message.partition(' ')[0]}: {words}"] += words in message
        self.said[record.levelname] += 1


def live(frames: int, folder: Path, seed: int = 0) -> Record:
    """Run a service for so many frames, with faults, and return what came of it. Raises when the service does."""
    broker = Mosquitto(folder)
    broker.start(persistent_broker_settings(broker.folder))
    ear, log = Ear(), logging.getLogger("fer_edge")
    log.addHandler(ear)
    log.setLevel(logging.INFO)
    try:
        with pytest.MonkeyPatch.context() as patch:
            # The broker's time is real.
            patch.setattr("fer_edge.mqtt.device.Publisher", partial(Publisher, backoff=Backoff(0.1, 0.5)))
            record = _run(frames, broker, seed)
    finally:
        log.removeHandler(ear)
        log.setLevel(logging.NOTSET)
        broker.close()
    record.log = ear.said
    return record


def _run(frames: int, broker: Mosquitto, seed: int) -> Record:
    time, samples = Time(), list[Sample]()
    watched = broker.subscribe("fer/cam/event", *SUBSCRIBER_FLAGS)
    camera = Camera(time, broker, frames, np.random.default_rng(seed))
    source = Asked(camera, time, frames)
    model = read_model(parse_model("nano"))
    settings = Config("made", Broker("127.0.0.1", broker.port), device="cam", outbox=broker.folder / "outbox.sqlite")
    clock = Clock(time.wall, time.monotonic, time.sleep)
    classifier, counter = EmotionClassifier(model, open_engine(model)), EventCounter()
    daemon = Daemon(settings, source, classifier, clock=clock, observers=[counter])
    health = daemon.status.open_health()

    def sample(number: int) -> None:
        if number % max(50, frames // SAMPLES) == 0:
            queue, well = health.message()["queue"], not camera.fault and (daemon.status.broker or {})["connected"]
            samples.append(Sample(number, resident_memory() or 0, descriptors(), threading.active_count(), queue, well))

    camera.each = sample
    daemon.run()
    wait_until(lambda: _seqs(watched)[-1:] == [counter.count - 1])
    return Record(samples, camera.faults, _seqs(watched), source.given)


def _seqs(watched: Path) -> list[int]:
    return [int(payload.partition('"seq":')[2].partition(",")[0]) for _, payload in heard(watched)]
