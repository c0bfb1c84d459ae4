"""The typed configuration of a run."""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from fer_edge.config.accelerator import AUTO
from fer_edge.config.addresses import parse_file, quote
from fer_edge.config.broker import Broker
from fer_edge.config.camera import CameraOptions
from fer_edge.config.history import HistoryOptions
from fer_edge.config.moods import MoodRule
from fer_edge.config.web import WebOptions
from fer_edge.errors import UsageError
from fer_edge.zones import Zone

MODELS = Path(__file__).parents[1] / "models"
SHIPPED = ("nano", "small", "base")  # models that come with the package, by name
DEFAULT_MODEL = MODELS / "base.tflite"
HAAR, NETWORK = "haar", "network"  # detectors of faces: the Haar cascade and the face network
DETECTORS = (f"{HAAR}+{NETWORK}", HAAR, NETWORK)
DEFAULT_DETECTOR = DETECTORS[0]
DEFAULT_DISCOVERY = "homeassistant"
NO_DISCOVERY = "none"
DEFAULT_MIN_SCORE = 0.4  # 0..1; `base` then answers for nine of ten faces of PublicTest
MAX_DEFAULT_THREADS = 3
MEMORY = "memory"  # the outbox without a file
MAX_OUTBOX_NAME = 230  # bytes: the names of the files beside it are longer, and must have at most 255


def default_threads() -> int:
    """Return all cores of a Pi but one, which the camera needs: threads that share a task wait for the slowest."""
    return min(MAX_DEFAULT_THREADS, max(1, len(os.sched_getaffinity(0)) - 1))


def default_device() -> str:
    """Return the host name, in the characters that topics and Home Assistant allow."""
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
        hold: How long another emotion must be the most probable one, or none certain enough, before that is reported,
            seconds.
        min_score: Probability that an emotion must reach to be reported, 0..1; None: that of the model file for each
            class, else DEFAULT_MIN_SCORE.
        zones: Areas of the frame, in the order of the configuration file.
        slowdown: Scan and classify this many times less often than configured; a power of two. For a machine that is
            hot or slow.
    """

    min_face: float = 0.08
    rate: float = 10.0
    max_classifications: int = 2
    min_sharpness: float = 0.02
    smoothing: float = 0.4
    hold: float = 0.3
    min_score: float | None = None
    zones: tuple[Zone, ...] = ()
    slowdown: int = 1

    @property
    def zone_names(self) -> list[str]:
        """The names of the zones in which faces are reported."""
        return [zone.name for zone in self.zones if not zone.ignored]


@dataclass(frozen=True)
class Config:
    """The configuration of a run.

    Attributes:
        camera: What delivers the frames, see cameras.factory.open_source.
        broker: Where events go, or None.
        model: Model file.
        device: Name of this device in the topics.
        minutes: Whether a summary of each minute is published.
        keep_settings: Whether what the command `set` changes is kept over a restart.
        outbox: File in which events wait for the broker; None for memory.
        print_events: Whether events are printed on stdout.
        threads: Threads of the network and of OpenCV.
        accelerator: See parse_accelerator.
        detector: What detects faces, one of DETECTORS.
        camera_options: Requested size and rate of the camera, and the orientation of its images.
        light: GPIO of the light that is on while the camera is open; None for no light.
        pipeline: How faces are detected and classified.
        allow_snapshots: Whether the command `snapshot` is answered with a picture.
        history: Where minutes are kept, or None for nowhere.
        moods: Sustained moods to report.
        annotate: Where the annotated copy of a file goes, or None.
        discovery: Prefix of Home Assistant's discovery topics, or None for no discovery.
        web: Options of the live page, or None for no page.
        pause_file: File that exists while the run is paused, see find_pause_file; None to forget a pause at the end.
        settings_file: File with what the command `set` has changed, see find_settings_file; None to keep nothing.
    """

    camera: str
    broker: Broker | None
    model: Path = DEFAULT_MODEL
    device: str = field(default_factory=default_device)
    minutes: bool = True
    keep_settings: bool = False
    outbox: Path | None = None
    print_events: bool = False
    threads: int = field(default_factory=default_threads)
    accelerator: str = AUTO
    detector: str = DEFAULT_DETECTOR
    camera_options: CameraOptions = field(default_factory=CameraOptions)
    light: int | None = None
    pipeline: PipelineOptions = field(default_factory=PipelineOptions)
    allow_snapshots: bool = False
    history: HistoryOptions | None = None
    moods: tuple[MoodRule, ...] = ()
    annotate: Path | None = None
    discovery: str | None = DEFAULT_DISCOVERY
    web: WebOptions | None = None
    pause_file: Path | None = None
    settings_file: Path | None = None


def parse_model(text: str) -> Path:
    """Return the file of a model: of a shipped one by its name, otherwise the path itself. Raises UsageError."""
    return MODELS / f"{text}.tflite" if text in SHIPPED else parse_file(text)


def parse_outbox(text: str) -> Path | None:
    """Return the file of the outbox; None for `memory`. Raises UsageError for what is no name of a file."""
    if text == MEMORY:
        return None
    file = parse_file(text)
    if not file.name or "\0" in text or text == ":memory:" or text.startswith("file:"):
        raise UsageError(f"{text!r}: expected the path of a file, or {MEMORY}")
    if len(os.fsencode(file.name)) > MAX_OUTBOX_NAME:
        raise UsageError(f"{text[:20]!r}...: the name of the file has more than {MAX_OUTBOX_NAME} bytes")
    return file


def find_pause_file(outbox: Path | None, environment: Mapping[str, str]) -> Path | None:
    """Return the file that keeps a pause: in systemd's state directory, else beside the outbox, else None."""
    if folder := environment.get("STATE_DIRECTORY"):
        return Path(folder) / "paused"
    return outbox and outbox.with_name(f"{outbox.name}.paused")


def find_settings_file(config: Config, environment: Mapping[str, str]) -> Path | None:
    """Return the file that keeps what the command `set` changes: in systemd's state directory or beside the outbox.

    None if nothing is to be kept. Raises UsageError if there is no place for it.
    """
    if not config.keep_settings or not config.broker:
        return None
    if folder := environment.get("STATE_DIRECTORY"):
        return Path(folder) / "settings.json"
    if config.outbox:
        return config.outbox.with_name(f"{config.outbox.name}.settings.json")
    raise UsageError("needs a file", setting="mqtt.keep_settings", cure="set mqtt.outbox (--outbox FILE), too")


def parse_device(text: str) -> str:
    """Check a device's name. Raises UsageError for characters that topics or Home Assistant do not allow."""
    if not re.fullmatch(r"[a-zA-Z0-9_-]+", text):
        raise UsageError(f"{quote(text)}: only the letters a-z, A-Z, 0-9, _ and - are allowed")
    return text


def parse_discovery(text: str) -> str | None:
    """Check the prefix of Home Assistant's topics; None for `none`. Raises UsageError if no topic can begin with it."""
    if text == NO_DISCOVERY:
        return None
    if not re.fullmatch(r"[^+#/\s\0]+(/[^+#/\s\0]+)*", text):
        raise UsageError(f"{quote(text)}: expected the prefix of Home Assistant's topics, or {NO_DISCOVERY}")
    return text
