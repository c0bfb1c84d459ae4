"""Frames to events, and all that can be told of it: to the broker, to systemd, and to who looks on."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from fer_edge.cameras.base import FrameSource
from fer_edge.cameras.browser import BrowserCamera
from fer_edge.cameras.frame import Frame
from fer_edge.config.model import Config
from fer_edge.errors import FerError
from fer_edge.events import Event
from fer_edge.inference.classifier import EmotionClassifier
from fer_edge.monitoring.health import Health
from fer_edge.monitoring.load_shedding import LoadShedder
from fer_edge.monitoring.memory import MemoryMonitor
from fer_edge.monitoring.timing import StageTimer
from fer_edge.mqtt.commands import Controls
from fer_edge.mqtt.outbox import Outbox
from fer_edge.mqtt.publisher import Publisher
from fer_edge.mqtt.reports import describe
from fer_edge.pipeline import Pipeline

log = logging.getLogger(__name__)

FAULTS = 10  # frames that fail until the run does
FORGIVEN = 0.1  # of such a frame, by one that does not fail: a tenth of them may


class Sensor:
    """The inside of a run, as far as it does not matter who hears of it.

    `step` belongs to the loop over the frames. What is told may be asked for from any thread, and so may
    `controls.paused` be set. publisher: the broker's side of the run, if there is one. stop: ends the run.
    """

    def __init__(
        self,
        config: Config,
        source: FrameSource,
        classifier: EmotionClassifier,
        stop: Callable[[], None],
        wall: Callable[[], float],
        monotonic: Callable[[], float],
    ) -> None:
        """Open the outbox. Raises UsageError when it cannot be used. `wall` and `monotonic` give seconds."""
        self.device, self.source, self.kept_in = config.device, source, config.outbox
        self.labels, self.info = classifier.labels, describe(source, classifier)
        self.clock, self._runs_on = monotonic, classifier.runs_on
        self.meter = StageTimer(monotonic)
        self.pipeline = Pipeline(classifier, config.pipeline, self.meter.stage)
        self.strain = LoadShedder(source, self.pipeline, monotonic)
        self._memory = MemoryMonitor(monotonic)
        self.outbox = Outbox(config.outbox)
        self.controls = Controls(self.pipeline, stop, wall, snapshots=config.allow_snapshots)
        self.publisher: Publisher | None = None
        self._faults = 0.0
        self._broker = config.broker

    def step(self, frame: Frame | None) -> list[Event]:
        """Take in the next frame, or that there is none now; tell what happened.

        Raises FerError at once, and what else goes wrong in a frame when it does so again and again.
        """
        events = self._look_at(frame) if frame else self.pipeline.finish()
        self.strain.turn(frame=frame is not None)
        self._memory.turn()
        return events

    def _look_at(self, frame: Frame) -> list[Event]:
        try:
            with self.meter.stage("step"):
                events = self.pipeline.step(frame)
        except FerError:
            raise
        except Exception:
            # What nobody foresaw in one frame is not the end; what comes again and again is, and systemd starts anew.
            if self._faults < 1:
                log.exception("frame %d is left out", frame.number)
            self._faults += 1
            if self._faults >= FAULTS:
                raise
            return []
        self._faults = max(0.0, self._faults - FORGIVEN)
        self.meter.frames += 1
        self.controls.frame = frame
        return events

    def state(self) -> dict[str, Any]:
        """The message `state`."""
        score = self.pipeline.dominant_score
        return {
            "faces": self.pipeline.face_count,
            "emotion": self.pipeline.dominant_emotion,
            "score": None if score is None else round(score, 2),
            "paused": self.controls.paused,
        }

    def health(self) -> Health:
        """Makes the message `health`; each who wants to read it needs one, as its rates are since it was last read."""
        return Health(
            self.source,
            self.meter,
            self._runs_on,
            self._counts,
            self.clock,
            degraded=lambda: self.strain.degraded,
        )

    def _counts(self) -> dict[str, int]:
        if self.publisher:
            return self.publisher.counts
        return {"queue": len(self.outbox), "lost": self.outbox.lost, "refused": 0}

    def standing(self, fps: float) -> str:
        """How the run fares, in a line, at so many frames a second."""
        waiting = f"events waiting: {len(self.outbox)}"
        if self.publisher and not self.publisher.connected:
            waiting += f" (broker {self.publisher.problem})"
        frames = f"camera {self.camera_problem}" if self.camera_problem else f"{fps:.0f} fps"
        if self.strain.degraded:
            frames += f" ({self.strain.degraded})"
        return f"{frames}; faces: {self.pipeline.face_count}; {self._runs_on}; {waiting}"

    @property
    def broker(self) -> dict[str, Any] | None:
        """The broker's address, whether it is there, and why not; None when there is none."""
        if not (self._broker and self.publisher):
            return None
        connected = self.publisher.connected
        return {
            "address": str(self._broker),
            "connected": connected,
            "trouble": "" if connected else self.publisher.problem,
        }

    @property
    def browser(self) -> BrowserCamera | None:
        """The camera, if it is a browser's."""
        return self.source if isinstance(self.source, BrowserCamera) else None

    @property
    def camera_problem(self) -> str | None:
        """Why there are no frames now, be it that it is paused; None when there are."""
        if self.controls.paused:
            return "paused"
        return self.source.problem.text if self.source.problem else None

    def undelivered(self) -> str:
        """What has not arrived, and where it is, in words."""
        kept = f"they wait in {self.kept_in}" if self.kept_in else "they are lost (--outbox FILE keeps them)"
        return f"{len(self.outbox)} events were not delivered; {kept}" if len(self.outbox) else "there were no events"
