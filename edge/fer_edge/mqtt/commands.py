"""The commands of a device: `cmd/<name>`, answered at `reply/<name>`.

To add a command, add a function here and decorate it with `@command(name, key=…)`: the keys of a request, and what each
accepts. It is called between two frames with the context and the values in the request, and returns the fields of the
reply.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any, Protocol

import cv2
from msgspec import Meta

from fer_edge import __version__
from fer_edge.cameras.frame import Frame
from fer_edge.config.model import PipelineOptions
from fer_edge.config.schema import SETTINGS, SWITCH
from fer_edge.config.setting import ValueType
from fer_edge.errors import FerError
from fer_edge.events import rfc3339

JPEG_QUALITY = 80
STATE_INTERVAL = 1.0  # seconds between two `state` messages that differ in the score alone, unless `set` changes it

ADJUSTABLE = dict(sorted((setting.name, setting.value_type) for setting in SETTINGS if setting.adjustable))
STATE_EVERY = ValueType(Annotated[float, Meta(ge=0.1, le=3600)], "a number from 0.1 to 3600")


class CommandError(FerError):
    """A request that cannot be carried out; its text is in the reply."""


class AdjustablePipeline(Protocol):
    """A pipeline whose options can be changed while it runs."""

    @property
    def options(self) -> PipelineOptions:
        """Its options now."""
        ...

    def adjust(self, options: PipelineOptions) -> None:
        """Use other options from the next frame on."""
        ...


class RunSwitches(Protocol):
    """What commands use of `fer_edge.run.controls.RunControls`.

    Attributes:
        paused: Whether no frames are processed.
        stopping: Whether the run is about to end.
    """

    paused: bool
    stopping: bool

    @property
    def pipeline(self) -> AdjustablePipeline:
        """The pipeline of the run."""
        ...

    def restart(self) -> None:
        """End the run and restart the process."""
        ...


@dataclass
class CommandContext:
    """What commands act on.

    Attributes:
        controls: The switches of the run.
        health: Returns the `health` message.
        wall: Wall time in seconds.
        allow_snapshots: Whether the owner allows pictures to be published.
        frame: The newest frame.
        state_interval: Seconds between two `state` messages that differ in the score alone.
    """

    controls: RunSwitches
    health: Callable[[], dict[str, Any]]
    wall: Callable[[], float]
    allow_snapshots: bool = False
    frame: Frame | None = None
    state_interval: float = STATE_INTERVAL


Handler = Callable[..., dict[str, Any]]


@dataclass(frozen=True)
class Command:
    """A command.

    Attributes:
        handler: Called with the context, and with the values in the request as keyword arguments.
        keys: The keys that a request may have, and what each accepts.
    """

    handler: Handler
    keys: Mapping[str, ValueType]


COMMANDS: dict[str, Command] = {}


def command(name: str, **keys: ValueType) -> Callable[[Handler], Handler]:
    """Register a function as the command `name`; `keys` are those that a request may have, all of them optional."""

    def register(handler: Handler) -> Handler:
        COMMANDS[name] = Command(handler, keys)
        return handler

    return register


@command("ping")
def ping(context: CommandContext) -> dict[str, Any]:
    """Return the time and the version."""
    return {"time": rfc3339(context.wall()), "version": __version__}


@command("pause", paused=SWITCH)
def pause(context: CommandContext, *, paused: bool = True) -> dict[str, Any]:
    """Stop processing frames, or resume."""
    context.controls.paused = paused
    return {"paused": paused}


@command("resume")
def resume(context: CommandContext) -> dict[str, Any]:
    """Resume processing frames."""
    context.controls.paused = False
    return {"paused": False}


@command("set", **ADJUSTABLE, state_every=STATE_EVERY)
def set_options(context: CommandContext, *, state_every: float | None = None, **options: Any) -> dict[str, Any]:
    """Change options until the next start, and return all of them."""
    pipeline = context.controls.pipeline
    if state_every is not None:
        context.state_interval = state_every
    if options:
        pipeline.adjust(replace(pipeline.options, **options))
    return {name: getattr(pipeline.options, name) for name in ADJUSTABLE} | {"state_every": context.state_interval}


@command("health")
def health(context: CommandContext) -> dict[str, Any]:
    """Return the `health` message as of now."""
    return {"health": context.health()}


@command("restart")
def restart(context: CommandContext) -> dict[str, Any]:
    """Restart the daemon."""
    context.controls.restart()
    return {}


@command("snapshot")
def snapshot(context: CommandContext) -> dict[str, Any]:
    """Return the newest frame as a JPEG in base64, if the owner allows it."""
    if not context.allow_snapshots:
        raise CommandError("pictures are not published; the owner can allow it with --allow-snapshots")
    if context.frame is None or context.controls.paused:
        raise CommandError("there is no picture now")
    picture = context.frame.grey if context.frame.detail is None else context.frame.detail
    jpeg = cv2.imencode(".jpg", picture, (cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY))[1].tobytes()
    return {"frame": context.frame.number, "jpeg": base64.b64encode(jpeg).decode()}
