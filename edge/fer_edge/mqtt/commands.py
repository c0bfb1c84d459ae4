"""The commands of a device: `cmd/<name>`, answered at `reply/<name>`.

To add a command, add a function here and decorate it with `@command(name, key=…)`: the keys of a request, and what each
accepts. It is called between two frames with the context and the values in the request, and returns the fields of the
reply.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import cv2

from fer_edge import __version__
from fer_edge.cameras.frame import Frame
from fer_edge.config.schema import SWITCH
from fer_edge.config.setting import ValueType
from fer_edge.errors import FerError
from fer_edge.events import rfc3339
from fer_edge.mqtt.run_settings import ADJUSTABLE, AdjustablePipeline, RunSettings

JPEG_QUALITY = 80


class CommandError(FerError):
    """A request that cannot be carried out; its text is in the reply."""


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
        settings: The settings that commands change.
        send_image: Publishes a picture, as base64, and returns whether it could.
        health: Returns the `health` message.
        wall: Wall time in seconds.
        allow_snapshots: Whether the owner allows pictures to be published.
        frame: The newest frame.
    """

    controls: RunSwitches
    settings: RunSettings
    send_image: Callable[[str], bool]
    health: Callable[[], dict[str, Any]]
    wall: Callable[[], float]
    allow_snapshots: bool = False
    frame: Frame | None = None


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


@command("set", **ADJUSTABLE)
def set_options(context: CommandContext, **values: Any) -> dict[str, Any]:
    """Change settings, and return all of them."""
    context.settings.change(values)
    return context.settings.values()


@command("reset")
def reset(context: CommandContext) -> dict[str, Any]:
    """Return to the configured settings, and return all of them."""
    context.settings.reset()
    return context.settings.values()


@command("health")
def health(context: CommandContext) -> dict[str, Any]:
    """Return the `health` message as of now."""
    return {"health": context.health()}


@command("restart")
def restart(context: CommandContext) -> dict[str, Any]:
    """Restart the daemon."""
    context.controls.restart()
    return {}


@command("snapshot", image=SWITCH)
def snapshot(context: CommandContext, *, image: bool = False) -> dict[str, Any]:
    """Return the newest frame as a JPEG in base64, or publish it at the topic `image`, if the owner allows it."""
    if not context.allow_snapshots:
        raise CommandError("pictures are not published; the owner can allow it with --allow-snapshots")
    if context.frame is None or context.controls.paused:
        raise CommandError("there is no picture now")
    picture = context.frame.grey if context.frame.detail is None else context.frame.detail
    jpeg = cv2.imencode(".jpg", picture, (cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY))[1].tobytes()
    encoded, reply = base64.b64encode(jpeg).decode(), {"frame": context.frame.number}
    if not image:
        return {**reply, "jpeg": encoded}
    if not context.send_image(encoded):
        raise CommandError("the broker has not acknowledged earlier messages")
    return reply
