"""Describes a run to MQTT, the live page and systemd alike."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any, Protocol

from fer_edge import __version__
from fer_edge.cameras.base import FrameSource
from fer_edge.cameras.browser import BrowserCamera
from fer_edge.cameras.reconnecting import NO_FRAME_YET
from fer_edge.clock import Clock
from fer_edge.config.model import Config
from fer_edge.geometry import Box
from fer_edge.monitoring.health import Health
from fer_edge.run.controls import RunControls
from fer_edge.run.frame_processor import FrameProcessor
from fer_edge.run.models import Models
from fer_edge.zones import Zone


class EventQueue(Protocol):
    """Events that wait for the broker.

    Attributes:
        lost: Number of events dropped because the queue was full or its file damaged.
    """

    lost: int

    def __len__(self) -> int:
        """Number of waiting events."""
        ...


class BrokerConnection(Protocol):
    """The connection to the broker."""

    @property
    def address(self) -> str:
        """Its address, without credentials."""
        ...

    @property
    def connected(self) -> bool:
        """Whether the broker can be reached."""
        ...

    @property
    def problem(self) -> str:
        """Why the broker cannot be reached."""
        ...

    @property
    def refused(self) -> int:
        """Number of events that the broker refused."""
        ...

    @property
    def stalls(self) -> int:
        """Number of connections that were renewed because the broker no longer acknowledged messages."""
        ...


class RunStatus:
    """Describes a run. Safe to use from any thread.

    Attributes:
        device: The name of the device.
    """

    def __init__(
        self,
        device: str,
        info: dict[str, Any],
        source: FrameSource,
        processor: FrameProcessor,
        controls: RunControls,
        events: EventQueue,
        broker: BrokerConnection | None,
    ) -> None:
        """`info` is what `describe_run` returns."""
        self.device = device
        self._info = info
        self._source = source
        self._processor = processor
        self._controls = controls
        self._events = events
        self._broker = broker

    @property
    def clock(self) -> Clock:
        """The clock of the run."""
        return self._processor.timer.clock

    @property
    def info(self) -> dict[str, Any]:
        """The `info` message: what runs here. Only its zones change during a run."""
        names = self._processor.pipeline.options.zone_names
        return {**self._info, "zones": names} if names else self._info

    @property
    def labels(self) -> Sequence[str]:
        """The emotions, in the order of the model's scores."""
        labels: Sequence[str] = self._info["labels"]
        return labels

    @property
    def faces(self) -> int:
        """Number of faces tracked now."""
        return self._processor.pipeline.face_count

    @property
    def zones(self) -> Sequence[Zone]:
        """The zones of the frame, in the order of the configuration file."""
        return self._processor.pipeline.options.zones

    @property
    def browser(self) -> BrowserCamera | None:
        """The camera, if it is a browser's."""
        return self._source if isinstance(self._source, BrowserCamera) else None

    @property
    def camera_problem(self) -> str | None:
        """Why there are no frames now, `paused` included; None when there are."""
        if self._controls.paused:
            return "paused"
        return self._source.problem.text if self._source.problem else None

    @property
    def broker(self) -> dict[str, Any] | None:
        """The broker's address, whether it is connected, and why not; None without a broker."""
        if not self._broker:
            return None
        connected = self._broker.connected
        return {
            "address": self._broker.address,
            "connected": connected,
            "trouble": "" if connected else self._broker.problem,
        }

    @property
    def possible_faces(self) -> dict[Hashable, Box]:
        """See `Pipeline`. To be used by the loop over the frames only."""
        return self._processor.pipeline.possible_faces

    def keep_colour(self, *, keep: bool) -> None:
        """Have the frames that are captured from now on keep their colour, or not."""
        self._source.keeps_colour = keep

    @property
    def problem(self) -> str | None:
        """What needs the owner's attention, in one line; None if nothing does, as while paused or starting."""
        counts, degraded = self._count_events(), self._processor.load_shedder.degraded
        problems = [*self._info.get("warnings", ())]
        camera = self._source.problem
        if camera and camera is not NO_FRAME_YET and not self._controls.paused:
            problems.append(f"camera: {camera.text}")
        if degraded:
            problems.append(f"the machine is {degraded}; faces are searched for and classified less often")
        if counts["refused"]:
            problems.append("the broker refuses events: check its access rules")
        if counts["lost"]:
            problems.append("events were lost")
        return "; ".join(problems) or None

    def state(self) -> dict[str, Any]:
        """The `state` message."""
        pipeline = self._processor.pipeline
        score, scores = pipeline.dominant_score, pipeline.dominant_scores
        return {
            "faces": pipeline.face_count,
            "emotion": pipeline.dominant_emotion,
            "score": None if score is None else round(score, 2),
            "scores": scores and {label: round(value, 2) for label, value in scores.items()},
            **pipeline.dominant_affect,
            **pipeline.zone_state,
            "observing": self.camera_problem is None,
            "problem": self.problem,
            "paused": self._controls.paused,
        }

    def open_health(self) -> Health:
        """A new source of `health` messages. Each reader needs its own: rates are measured since its last message."""
        return Health(
            self._source,
            self._processor.timer,
            self._info["accelerator"],
            self._count_events,
            self.clock,
            degraded=lambda: self._processor.load_shedder.degraded,
            paused=lambda: self._controls.paused,
        )

    def summary(self, fps: float) -> str:
        """One line about the run, which processes `fps` frames per second."""
        waiting = f"events waiting: {len(self._events)}"
        if self._broker and not self._broker.connected:
            waiting += f" (broker {self._broker.problem})"
        frames = f"camera {self.camera_problem}" if self.camera_problem else f"{fps:.0f} fps"
        if self._processor.load_shedder.degraded:
            frames += f" ({self._processor.load_shedder.degraded})"
        return f"{frames}; faces: {self.faces}; {self._info['accelerator']}; {waiting}"

    def _count_events(self) -> dict[str, int]:
        refused, stalls = (self._broker.refused, self._broker.stalls) if self._broker else (0, 0)
        return {"queue": len(self._events), "lost": self._events.lost, "refused": refused, "stalls": stalls}


def describe_run(source: FrameSource, models: Models, config: Config | None = None) -> dict[str, Any]:
    """The `info` message without the zones: what runs here.

    Args:
        source: Where the frames come from.
        models: What detects and classifies the faces.
        config: The settings, of which the moods and the permission of pictures are used.
    """
    classifier = models.classifier
    optional: dict[str, Any] = {"warnings": list(models.warnings)}
    if config:
        optional["moods"] = [rule.name for rule in config.moods]
        optional["snapshots"] = config.allow_snapshots
    return {
        "version": __version__,
        "model": {"name": classifier.model.name, "sha256": classifier.model.sha256},
        "labels": classifier.labels,
        "accelerator": classifier.runs_on,
        "detector": models.detectors.name,
        "camera": source.name,
        **{key: value for key, value in optional.items() if value},
    }
