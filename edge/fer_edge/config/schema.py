"""Everything that can be set: one table, from which flags, environment variables and the file's keys are made."""

from __future__ import annotations

import argparse
from argparse import ArgumentParser, BooleanOptionalAction
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

from msgspec import Meta

from fer_edge.config import broker
from fer_edge.config import model as config
from fer_edge.config import web as weboptions
from fer_edge.config.camera import SPECS, CameraOptions, parse_size
from fer_edge.config.model import Config, PipelineOptions

Environment = Mapping[str, str]


class Kind(NamedTuple):
    """What a value must be: as a type that msgspec checks, and in words."""

    type: Any
    words: str


TEXT = Kind(str, "a text, in quotes")
SWITCH = Kind(bool, "true or false")
SHARE = Kind(Annotated[float, Meta(gt=0, lt=1)], "a number between 0 and 1")
PROBABILITY = Kind(Annotated[float, Meta(ge=0, lt=1)], "0 or a number between 0 and 1")
RATE = Kind(Annotated[float, Meta(gt=0, le=1000)], "a number above 0 and up to 1000")
COUNT = Kind(Annotated[int, Meta(ge=1, le=1024)], "a whole number of at least 1")
FPS = Kind(Annotated[int, Meta(ge=1, le=240)], "a whole number from 1 to 240")
TURN = Kind(Literal[0, 90, 180, 270], "0, 90, 180 or 270")
FLIP = Kind(Literal["h", "v"], "h or v")


@dataclass(frozen=True)
class Setting:
    """One thing that can be set.

    key: its place in the file, SECTION.NAME. flag: on the command line; the environment variable is named after it.
    kind: of the value in the file. field: its place in Config, NAME or PART.NAME. help: one line. default: the value,
    or a function of the environment that gives it; None: not set, which `unset` puts in words, as it does for a
    default that differs from machine to machine. example: what the example file shows where the default shows nothing.
    read: makes of the value what Config holds; raises ValueError.
    """

    key: str
    flag: str
    kind: Kind
    field: str
    help: str
    default: Any = None
    unset: str = ""
    example: Any = None
    read: Callable[[Any], Any] = lambda value: value
    metavar: str | None = None

    @property
    def section(self) -> str:
        """The section of the file that it stands in."""
        return self.key.partition(".")[0]

    @property
    def variable(self) -> str:
        """The environment variable."""
        return "FER_EDGE_" + self.flag.removeprefix("--").replace("-", "_").upper()

    def default_in(self, environment: Environment) -> Any:
        """The default, as the file would have it, or None for not set."""
        return self.default(environment) if callable(self.default) else self.default

    @property
    def default_words(self) -> str:
        """The default, for a person."""
        return self.unset or ("off" if self.default is False else str(self.default))


def _outbox(environment: Environment) -> str:
    folder = environment.get("STATE_DIRECTORY")
    return str(Path(folder) / "outbox.sqlite") if folder else "memory"


def _outbox_file(text: str) -> Path | None:
    return None if text == "memory" else Path(text)


# fmt: off
SETTINGS = (
    Setting("camera.source", "--camera", TEXT, "camera", SPECS, default="",
            unset="none", example="0", metavar="SPEC"),
    Setting("camera.size", "--size", TEXT, "camera_options.size",
            "what a camera is asked for; an address or a file has a size",
            unset="a Pi's own: 1280 wide, others: 640x480", example="1280x720", read=parse_size, metavar="WxH"),
    Setting("camera.fps", "--fps", FPS, "camera_options.fps",
            "frames a second of a camera or an address", unset="its own rate", example=15, metavar="N"),
    Setting("camera.rotate", "--rotate", TURN, "camera_options.rotate",
            "turn the picture clockwise, in degrees", default=CameraOptions.rotate, metavar="DEGREES"),
    Setting("camera.flip", "--flip", FLIP, "camera_options.flip",
            "then mirror it: h left and right, v top and bottom", unset="none", example="h", metavar="h|v"),
    Setting("camera.allow_snapshots", "--allow-snapshots", SWITCH, "allow_snapshots",
            "give a picture away to whoever sends the command snapshot", default=Config.allow_snapshots),

    Setting("mqtt.url", "--mqtt", TEXT, "broker.url",
            "mqtt://[user@]host[:port], mqtts:// (TLS), ws:// or wss:// (websockets), or none",
            default=broker.DEFAULT_BROKER, read=broker.parse_broker, metavar="URL"),
    Setting("mqtt.password_file", "--mqtt-password-file", TEXT, "broker.password_file", "holds the user's password",
            unset=f"{broker.PASSWORD.variable}, or systemd's {broker.PASSWORD.credential}",
            example="/etc/fer-edge/mqtt-password", read=Path, metavar="FILE"),
    Setting("mqtt.ca", "--mqtt-ca", TEXT, "broker.ca", "whom to trust, PEM",
            unset="as the system does", example="/etc/fer-edge/ca.pem", read=Path, metavar="FILE"),
    Setting("mqtt.certificate", "--mqtt-cert", TEXT, "broker.certificate",
            "our certificate, PEM, if the broker wants one",
            unset="none", example="/etc/fer-edge/client.pem", read=Path, metavar="FILE"),
    Setting("mqtt.key", "--mqtt-key", TEXT, "broker.key", "its key, PEM, if it is not in the same file",
            unset="none", example="/etc/fer-edge/client.key", read=Path, metavar="FILE"),
    Setting("mqtt.device", "--device", TEXT, "device", "its name in the topics",
            default=lambda _: config.default_device(),
            unset="the machine's name", example="porch", read=config.parse_device, metavar="NAME"),
    Setting("mqtt.discovery", "--discovery", TEXT, "discovery",
            "the topics by which Home Assistant finds the device, or none",
            default=config.DEFAULT_DISCOVERY, read=config.parse_discovery, metavar="PREFIX"),
    Setting("mqtt.outbox", "--outbox", TEXT, "outbox", "where events wait for the broker: a file, or memory",
            default=_outbox, unset="memory; under systemd its state directory",
            example="/var/lib/fer-edge/outbox.sqlite", read=_outbox_file, metavar="FILE"),

    Setting("model.file", "--model", TEXT, "model",
            f"a model file of fer-convert, or one of {', '.join(config.SHIPPED)}",
            default=config.DEFAULT_MODEL.stem, read=config.parse_model, metavar="FILE"),
    Setting("model.accelerator", "--accelerator", TEXT, "accelerator",
            "cpu, edgetpu, one certain Edge TPU (edgetpu:usb:0, edgetpu:pci:0), or auto: an Edge TPU if one works and "
            "the model is compiled for it, FILE_edgetpu.tflite beside FILE.tflite",
            default=config.AUTO, read=config.parse_accelerator, metavar="SPEC"),
    Setting("model.threads", "--threads", COUNT, "threads", "threads to compute with",
            default=lambda _: config.default_threads(), unset="one core stays free; 1 to 3", example=2, metavar="N"),

    Setting("faces.min_face", "--min-face", SHARE, "pipeline.min_face",
            "the smallest face, as a share of the height of the picture; 0.08 is a person at 2 m",
            default=PipelineOptions.min_face, metavar="SHARE"),
    Setting("faces.rate", "--rate", RATE, "pipeline.rate",
            "how often a second each face is classified, more while its expression changes",
            default=PipelineOptions.rate, metavar="HZ"),
    Setting("faces.min_score", "--min-score", PROBABILITY, "pipeline.min_score",
            "report another emotion only when its probability is at least this",
            default=PipelineOptions.min_score, metavar="P"),

    Setting("web.listen", "--web", TEXT, "web.listen",
            "show the live page at PORT of this machine alone, at HOST:PORT (0.0.0.0:8080 for the network, with a "
            "token), or none", default=weboptions.OFF, read=weboptions.parse_listen, metavar="PORT"),
    Setting("web.token_file", "--web-token-file", TEXT, "web.token_file", "holds the token, or password, of the page",
            unset=f"{weboptions.TOKEN.variable}, or systemd's {weboptions.TOKEN.credential}",
            example="/etc/fer-edge/web-token", read=Path, metavar="FILE"),
    Setting("web.certificate", "--web-cert", TEXT, "web.certificate", "its certificate, PEM, for https",
            unset="none", example="/etc/fer-edge/web.pem", read=Path, metavar="FILE"),
    Setting("web.key", "--web-key", TEXT, "web.key", "the key, PEM, if it is not in the same file",
            unset="none", example="/etc/fer-edge/web.key", read=Path, metavar="FILE"),
    Setting("web.names", "--web-names", TEXT, "web.names",
            "more names by which browsers reach the page, with commas between",
            unset="its address, and this machine's name", example="faces.example.org", read=weboptions.parse_names,
            metavar="NAMES"),

    Setting("output.print", "--print", SWITCH, "print_events",
            "print the events on stdout, a line of JSON each", default=Config.print_events),
)



def add_flags(parser: ArgumentParser) -> None:
    """A flag for each setting, by sections; a flag that is given leaves its text, or True or False, under its key."""
    for section, settings in groupby(SETTINGS, key=lambda setting: setting.section):
        group = parser.add_argument_group(section)
        for setting in settings:
            options: dict[str, Any] = {"action": BooleanOptionalAction} if setting.kind is SWITCH else {}
            if setting.metavar:
                options["metavar"] = setting.metavar
            text = f"{setting.help} ({setting.default_words})"
            group.add_argument(setting.flag, dest=setting.key, default=argparse.SUPPRESS, help=text, **options)
