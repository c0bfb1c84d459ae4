"""The table of settings. Flags, environment variables, the keys of the file and their documentation come from it.

To add a setting, add its field to the dataclass that uses it (Config or PipelineOptions in model.py, CameraOptions in
camera.py, Broker in broker.py, WebOptions in web.py) and one entry to SETTINGS: the loader fills the field by its name,
and --help and --print-config follow. Add three sample values to VALUES in tests/edge/config/test_loader.py, and
generate the documentation again:

    python -m fer_edge.config.toml > systemd/config.toml
    python -m fer_edge.config.reference edge/README.md

TABLES are arrays of tables in the file alone, without flag and variable.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta

from fer_edge.config import accelerator, broker, model, moods, web, zones
from fer_edge.config.addresses import parse_file
from fer_edge.config.camera import NO_LIGHT, SPECS, CameraOptions, parse_light, parse_size, parse_source
from fer_edge.config.history import parse_history
from fer_edge.config.model import DEFAULT_MIN_SCORE, Config, PipelineOptions
from fer_edge.config.setting import Environment, Setting, ValueType

TEXT = ValueType(str, "a text, in quotes")
SWITCH = ValueType(bool, "true or false")
FRACTION = ValueType(Annotated[float, Meta(gt=0, lt=1)], "a number between 0 and 1")
PROBABILITY = ValueType(Annotated[float, Meta(ge=0, le=1)], "a number from 0 to 1")
RATE = ValueType(Annotated[float, Meta(gt=0, le=1000)], "a number above 0 and up to 1000")
COUNT = ValueType(Annotated[int, Meta(ge=1, le=1024)], "a whole number from 1 to 1024")
DAYS = ValueType(Annotated[int, Meta(ge=1, le=36_500)], "a whole number from 1 to 36500")
FPS = ValueType(Annotated[int, Meta(ge=1, le=240)], "a whole number from 1 to 240")
ROTATION = ValueType(Literal[0, 90, 180, 270], "0, 90, 180 or 270")
FLIP = ValueType(Literal["h", "v"], "h or v")
DETECTOR = ValueType(Literal[model.DETECTORS], "haar+network, haar or network")


def _default_outbox(environment: Environment) -> str:
    folder = environment.get("STATE_DIRECTORY")
    return str(Path(folder) / "outbox.sqlite") if folder else "memory"


# fmt: off
SETTINGS = (
    Setting("camera.source", "--camera", TEXT, "camera", SPECS, default="",
            default_text="none", example="0", read=parse_source, metavar="SPEC", is_address=True),
    Setting("camera.size", "--size", TEXT, "camera_options.size",
            "size to request from a camera; an address or a file has its own",
            default_text="a Pi's camera: 1280 wide, others: 640x480", example="1280x720",
            read=parse_size, metavar="WxH"),
    Setting("camera.fps", "--fps", FPS, "camera_options.fps",
            "frames per second to request from a camera or an address",
            default_text="its own rate", example=15, metavar="N"),
    Setting("camera.rotate", "--rotate", ROTATION, "camera_options.rotate",
            "rotate the image clockwise by this many degrees", default=CameraOptions.rotate, metavar="DEGREES"),
    Setting("camera.flip", "--flip", FLIP, "camera_options.flip",
            "mirror the image after rotating: h swaps left and right, v top and bottom",
            default_text="none", example="h", metavar="h|v"),
    Setting("camera.light", "--light", TEXT, "light",
            "a light that is on while the camera is open, for the people in front of it: gpio:N, an LED at this GPIO "
            "of a Raspberry Pi, or none", default=NO_LIGHT, read=parse_light, metavar="PIN"),
    Setting("camera.allow_snapshots", "--allow-snapshots", SWITCH, "allow_snapshots",
            "publish a picture when the MQTT command snapshot asks for one", default=Config.allow_snapshots),

    Setting("mqtt.url", "--mqtt", TEXT, "broker.url",
            "the broker: mqtt://[user@]host[:port], mqtts:// (TLS), ws:// or wss:// (WebSocket), or none",
            default=broker.DEFAULT_BROKER, default_text=f"{broker.DEFAULT_BROKER}; none for files and pictures",
            read=broker.parse_broker, metavar="URL", is_address=True),
    Setting("mqtt.password_file", "--mqtt-password-file", TEXT, "broker.password_file",
            "file with the user's password",
            default_text=f"systemd's credential {broker.PASSWORD.credential}, or {broker.PASSWORD.variable}",
            example="/etc/fer-edge/mqtt-password", read=parse_file, metavar="FILE"),
    Setting("mqtt.ca", "--mqtt-ca", TEXT, "broker.ca",
            "certificates of the authorities to trust, PEM; certificate and host name are always checked",
            default_text="the system's", example="/etc/fer-edge/ca.pem", read=parse_file, metavar="FILE"),
    Setting("mqtt.certificate", "--mqtt-cert", TEXT, "broker.certificate",
            "client certificate, PEM, if the broker requires one",
            default_text="none", example="/etc/fer-edge/client.pem", read=parse_file, metavar="FILE"),
    Setting("mqtt.key", "--mqtt-key", TEXT, "broker.key",
            "private key of the client certificate, PEM, if it is not in the same file",
            default_text="none", example="/etc/fer-edge/client.key", read=parse_file, metavar="FILE"),
    Setting("mqtt.device", "--device", TEXT, "device", "name of this device in the topics",
            default=lambda _: model.default_device(),
            default_text="the host name", example="porch", read=model.parse_device, metavar="NAME"),
    Setting("mqtt.discovery", "--discovery", TEXT, "discovery",
            "topic prefix of Home Assistant's discovery, or none",
            default=model.DEFAULT_DISCOVERY, read=model.parse_discovery, metavar="PREFIX"),
    Setting("mqtt.minutes", "--minutes", SWITCH, "minutes",
            "publish at the end of each minute for how long which emotions were in front of the camera",
            default=Config.minutes),
    Setting("mqtt.keep_settings", "--keep-settings", SWITCH, "keep_settings",
            "keep what the MQTT command set changes, also after a restart; it then overrides these settings",
            default=Config.keep_settings),
    Setting("mqtt.outbox", "--outbox", TEXT, "outbox", "where events wait for the broker: a file, or memory",
            default=_default_outbox, default_text="memory; under systemd a file in its state directory",
            example="/var/lib/fer-edge/outbox.sqlite", read=model.parse_outbox, metavar="FILE"),

    Setting("model.file", "--model", TEXT, "model",
            f"a model file made by fer-convert, or a shipped model: {', '.join(model.SHIPPED)}",
            default=model.DEFAULT_MODEL.stem, read=model.parse_model, metavar="FILE"),
    Setting("model.accelerator", "--accelerator", TEXT, "accelerator",
            "cpu, edgetpu, one of several Edge TPUs (edgetpu:usb:0, edgetpu:pci:0), any TFLite external delegate "
            "(delegate:LIBRARY, delegate:LIBRARY?KEY=VALUE), or auto: an Edge TPU if one works and the model is "
            "compiled for it, FILE_edgetpu.tflite beside FILE.tflite; else the CPU",
            default=accelerator.AUTO, read=accelerator.parse_accelerator, metavar="SPEC"),
    Setting("model.threads", "--threads", COUNT, "threads", "threads to compute with",
            default=lambda _: model.default_threads(),
            default_text="1 to 3, one core stays free", example=2, metavar="N"),

    Setting("faces.detector", "--detector", DETECTOR, "detector",
            "what detects faces: the Haar cascade (haar), the face network (network), or both (haar+network)",
            default=model.DEFAULT_DETECTOR, metavar="NAME"),
    Setting("faces.min_face", "--min-face", FRACTION, "pipeline.min_face",
            "smallest face to detect, as a fraction of the image's height; 0.08 is a person 2.2 m from a Pi's camera",
            default=PipelineOptions.min_face, metavar="FRACTION", adjustable=True),
    Setting("faces.rate", "--rate", RATE, "pipeline.rate",
            "classifications of each face per second; more while its expression changes",
            default=PipelineOptions.rate, metavar="HZ", adjustable=True),
    Setting("faces.min_score", "--min-score", PROBABILITY, "pipeline.min_score",
            "minimum probability for an emotion to be reported, below which it is unsure; also overrides those that "
            "the model file has for its classes", default_text=f"those of the model file, else {DEFAULT_MIN_SCORE}",
            example=0.5, metavar="P",
            adjustable=True),

    Setting("web.listen", "--web", TEXT, "web.listen",
            "serve the live page: at PORT for this machine only, at HOST:PORT (0.0.0.0:8080 for the network, with a "
            "token), or none", default=web.OFF, read=web.parse_listen, metavar="PORT"),
    Setting("web.token_file", "--web-token-file", TEXT, "web.token_file",
            "file with the token, or password, of the page",
            default_text=f"systemd's credential {web.TOKEN.credential}, or {web.TOKEN.variable}",
            example="/etc/fer-edge/web-token", read=parse_file, metavar="FILE"),
    Setting("web.certificate", "--web-cert", TEXT, "web.certificate", "certificate of the page, PEM, for https",
            default_text="none", example="/etc/fer-edge/web.pem", read=parse_file, metavar="FILE"),
    Setting("web.key", "--web-key", TEXT, "web.key",
            "private key of the page's certificate, PEM, if it is not in the same file",
            default_text="none", example="/etc/fer-edge/web.key", read=parse_file, metavar="FILE"),
    Setting("web.names", "--web-names", TEXT, "web.names",
            "further host names by which browsers reach the page, separated by commas",
            default_text="its address and the host name", example="faces.example.org", read=web.parse_names,
            metavar="NAMES"),
    Setting("web.trusted_proxies", "--web-trusted-proxies", TEXT, "web.trusted_proxies",
            "addresses or networks of proxies in front of the page, separated by commas: their X-Forwarded-For is the "
            "client's address",
            default_text="none", example="127.0.0.1,192.168.1.0/24", read=web.parse_proxies, metavar="ADDRESSES"),
    Setting("web.no_token_for", "--web-no-token-for", TEXT, "web.no_token_for",
            "addresses or networks of proxies that log their users in themselves, separated by commas: what comes from "
            "there needs no token",
            default_text="none", example="192.168.1.2", read=web.parse_proxies, metavar="ADDRESSES"),
    Setting("web.allow_edit", "--web-allow-edit", SWITCH, "web.allow_edit",
            "let the page save the zones that are drawn on it into the configuration file",
            default=web.WebOptions.allow_edit),

    Setting("history.file", "--history", TEXT, "history.file",
            "append each minute to this file, CSV or SQLite by its ending: .csv or .sqlite",
            default_text="none; with history.days a file in systemd's state directory, or beside the outbox",
            example="/var/lib/fer-edge/history.sqlite", read=parse_history, metavar="FILE"),
    Setting("history.days", "--history-days", DAYS, "history.days",
            "keep minutes for this many days and delete older ones; not with CSV",
            default_text="off; what is in history.file stays", example=30, metavar="N"),

    Setting("output.print", "--print", SWITCH, "print_events",
            "print each event on stdout as one line of JSON", default=Config.print_events),
)
ZONES = Setting("zones", "", zones.TABLES, "pipeline.zones",
                "areas of the image, each with a name that events then carry: a box, or a polygon of points [x, y], in "
                "fractions of the image; with ignore = true, faces there are neither searched for nor reported",
                default=(), default_text="none", example=zones.EXAMPLE, read=zones.parse_zones)
# fmt: on
TABLES = (ZONES, moods.TABLES)
