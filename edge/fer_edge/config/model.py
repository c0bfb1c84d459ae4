"""The typed configuration of a run."""

from __future__ import annotations

import os
import re
import socket
from dataclasses import dataclass, field
from pathlib import Path

from fer_edge.config.broker import Broker
from fer_edge.config.camera import CameraOptions
from fer_edge.config.web import WebOptions
from fer_edge.errors import UsageError

MODELS = Path(__file__).parents[1] / "models"
SHIPPED = ("nano", "small", "base")  # models that come with the package, by name
DEFAULT_MODEL = MODELS / "base.tflite"
DEFAULT_DISCOVERY = "homeassistant"
AUTO = "auto"


def default_threads() -> int:
    """The cores of a Pi but one, which stays free for the camera: threads that share a task wait for the last one."""
    return min(3, max(1, len(os.sched_getaffinity(0)) - 1))


def default_device() -> str:
    """The machine's name, in the letters that topics and Home Assistant allow."""
    return re.sub(r"[^a-zA-Z0-9_-]+", "-", socket.gethostname()).strip("-") or "fer-edge"


@dataclass(frozen=True)
class PipelineOptions:
    """How faces are detected, classified and reported.

    Attributes:
        min_face: Width of the smallest face, as a fraction of the height of the frame. A face is 0.16 m wide, so 0.08
            is a person 2.2 m from a Pi's camera, whose vertical field of view is 49 degrees.
        rate: Classifications of each face per second; three times as many while its expression changes.
        max_classifications: Faces classified in one frame.
        min_sharpness: Crops less sharp than this are not classified, see `inference.crop.sharpness`.
        smoothing: Time constant of a face's smoothed probabilities, seconds.
        hold: How long another emotion must be the most probable one before it is reported, seconds.
        min_score: Probability that it must reach, too, 0..1.
        slowdown: Scan and classify this many times less often than configured; a power of two. For a machine that is
            hot or slow.
    """

    min_face: float = 0.08
    rate: float = 10.0
    max_classifications: int = 2
    min_sharpness: float = 0.02
    smoothing: float = 0.4
    hold: float = 0.3
    min_score: float = 0.0
    slowdown: int = 1


@dataclass(frozen=True)
class Config:
    """Everything that a run of the daemon can be told.

    camera: see cameras.open_source. camera_options: what is asked of it. broker: None for none. outbox: a file, or None
    for memory. discovery: the prefix of Home Assistant's topics, or None for no word to it. allow_snapshots: whether
    the command `snapshot` gives a picture away. accelerator: see parse_accelerator. threads: of the network and of
    OpenCV. pipeline: how faces are found and classified. annotate: where the annotated copy of a file goes. web: where
    the live page is, or None for nowhere.
    """

    camera: str
    broker: Broker | None
    model: Path = DEFAULT_MODEL
    device: str = field(default_factory=default_device)
    outbox: Path | None = None
    print_events: bool = False
    threads: int = field(default_factory=default_threads)
    accelerator: str = AUTO
    camera_options: CameraOptions = field(default_factory=CameraOptions)
    pipeline: PipelineOptions = field(default_factory=PipelineOptions)
    allow_snapshots: bool = False
    annotate: Path | None = None
    discovery: str | None = DEFAULT_DISCOVERY
    web: WebOptions | None = None


def parse_model(text: str) -> Path:
    """The file of a model: that of a shipped one by its name, else the path itself."""
    return MODELS / f"{text}.tflite" if text in SHIPPED else Path(text)


def parse_accelerator(text: str) -> str:
    """Check the syntax, NAME or NAME:ARGUMENT; which names exist is known to fer_edge.inference.backends.

    Raises UsageError.
    """
    if not re.fullmatch(r"[a-z][a-z0-9_-]*(:.+)?", text):
        raise UsageError(f"{text!r}: expected {AUTO}, or NAME or NAME:ARGUMENT, such as cpu or edgetpu:usb:0")
    return text


def parse_device(text: str) -> str:
    """A device's name as it stands in topics. Raises UsageError for letters that topics or Home Assistant refuse."""
    if not re.fullmatch(r"[a-zA-Z0-9_-]+", text):
        raise UsageError(f"{text!r}: only the letters a-z, A-Z, 0-9, _ and - are allowed")
    return text


def parse_discovery(text: str) -> str | None:
    """What Home Assistant's topics begin with, None for `none`. Raises UsageError for what cannot begin a topic."""
    if text == "none":
        return None
    if not re.fullmatch(r"[^+#/\s\0]+(/[^+#/\s\0]+)*", text):
        raise UsageError(f"{text!r}: expected what Home Assistant's topics begin with, or none")
    return text


LIBRARY_VARIABLE = "FER_EDGE_EDGETPU_LIBRARY"
