"""What a run can be told to do while it runs: the commands themselves."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Protocol

import cv2

from fer_edge import __version__
from fer_edge.cameras.frame import Frame
from fer_edge.events import rfc3339
from fer_edge.monitoring.health import Health
from fer_edge.mqtt.command_dispatcher import Command, CommandError, flag, number, only
from fer_edge.mqtt.reports import SCORE_EVERY
from fer_edge.pipeline import Pipeline

JPEG_QUALITY = 80


SETTINGS = {"min_face": (0.01, 0.99), "min_score": (0.0, 1.0), "rate": (0.1, 100.0)}  # from, to: see EngineOptions
STATE_EVERY = (0.1, 3600.0)  # from, to


class Controls(Protocol):
    """What commands act on.

    Attributes:
        paused: Whether no frames are to be taken.
        stopping: Whether the run is about to end.
        pipeline: Whose options `set` changes.
    """

    paused: bool
    stopping: bool
    pipeline: Pipeline

    def restart(self) -> None:
        """End the run and start the process anew."""
        ...


class Commands:
    """The commands of a run.

    Args:
        controls: What they act on.
        wall: Wall time in seconds.
        snapshots: Whether the owner allows pictures to be published.

    Attributes:
        frame: The newest frame, for `snapshot`.
        state_every: Seconds between two messages `state` that differ in the score alone.
    """

    def __init__(self, controls: Controls, wall: Callable[[], float], *, snapshots: bool = False) -> None:
        self.frame: Frame | None = None
        self.state_every = SCORE_EVERY
        self._controls, self._wall, self._snapshots = controls, wall, snapshots

    @property
    def commands(self) -> dict[str, Command]:
        """Each command by its name."""
        return {
            "ping": self._ping,
            "pause": self._pause,
            "resume": self._resume,
            "restart": self._restart,
            "set": self._set,
            "snapshot": self._snapshot,
        }

    def _ping(self, request: dict[str, Any]) -> dict[str, Any]:
        only(request)
        return {"time": rfc3339(self._wall()), "version": __version__}

    def _pause(self, request: dict[str, Any]) -> dict[str, Any]:
        only(request, "paused")
        self._controls.paused = flag(request, "paused", True)
        return {"paused": self._controls.paused}

    def _resume(self, request: dict[str, Any]) -> dict[str, Any]:
        only(request)
        self._controls.paused = False
        return {"paused": False}

    def _set(self, request: dict[str, Any]) -> dict[str, Any]:
        pipeline = self._controls.pipeline
        ranges = {**SETTINGS, "state_every": STATE_EVERY}
        only(request, *ranges)
        asked: dict[str, Any] = {key: number(request, key, *ranges[key]) for key in request}
        self.state_every = asked.pop("state_every", self.state_every)
        if asked:
            pipeline.adjust(replace(pipeline.options, **asked))
        return {key: getattr(pipeline.options, key) for key in SETTINGS} | {"state_every": self.state_every}

    def _restart(self, request: dict[str, Any]) -> dict[str, Any]:
        only(request)
        self._controls.restart()
        return {}

    def _snapshot(self, request: dict[str, Any]) -> dict[str, Any]:
        only(request)
        if not self._snapshots:
            raise CommandError("pictures are not given away; the owner allows it with --allow-snapshots")
        if self.frame is None or self._controls.paused:
            raise CommandError("there is no picture now")
        picture = self.frame.grey if self.frame.detail is None else self.frame.detail
        jpeg = cv2.imencode(".jpg", picture, (cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY))[1].tobytes()
        return {"frame": self.frame.number, "jpeg": base64.b64encode(jpeg).decode()}


def answer_health(health: Health, request: dict[str, Any]) -> dict[str, Any]:
    """The command `health`: the message of that name, now."""
    only(request)
    return {"health": health.message()}
