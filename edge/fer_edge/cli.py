"""fer-edge: emotions of the faces in front of a camera, as events over MQTT."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
from argparse import RawDescriptionHelpFormatter
from collections.abc import Sequence
from pathlib import Path

from . import __version__, broker, config, progress
from .cameraoptions import SPECS, add_camera_flags, camera_options
from .config import Config
from .engine import EngineOptions
from .errors import OneLineParser, UsageError, forget_stdout, run_command
from .events import SCHEMA_FILE

EXIT_CODES = """\
exit codes:
  0   the file ended, or SIGINT or SIGTERM was received
  1   it could not run, or not to the end: no Edge TPU or one that fails, a damaged file, a camera in which the daemon
      hangs, events that could not be delivered or printed; a camera that is away is waited for
  2   a flag, a file or a broker's address is wrong
  78  the model cannot be used (systemd does not restart)
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run `fer-edge` and return its exit code."""
    arguments = _parser().parse_args(argv)
    over_bar = progress.CLEAR if sys.stderr.isatty() else ""
    logging.basicConfig(format=f"{over_bar}fer-edge: %(message)s", level=logging.INFO, stream=sys.stderr)
    if arguments.schema:
        print(SCHEMA_FILE.read_text(encoding="utf-8"), end="")
        return 0
    if arguments.forget:
        return run_command("fer-edge", lambda: _forget(arguments))
    return run_command("fer-edge", lambda: _run(_config(arguments)))


def _forget(arguments: argparse.Namespace) -> int:
    from .forget import forget

    logging.getLogger().setLevel(logging.ERROR)  # one line is enough: what came of it
    address, device = _broker(arguments), config.parse_device(arguments.device)
    if not address:
        raise UsageError("--forget needs a broker: give --mqtt URL")
    password = broker.read_password(address, os.environ)
    forget(address, password, device, config.parse_discovery(arguments.discovery))
    print(f"{address} has forgotten {device}")
    return 0


def _run(settings: Config) -> int:
    # Until there is something to end in good order, Ctrl-C just ends it, be it in the middle of an import.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    from .service import OutputError, open_service

    password = broker.read_password(settings.broker, os.environ) if settings.broker else None
    service = open_service(settings, password)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: service.stop())
    try:
        service.run()
    except OutputError as error:
        forget_stdout()
        if not isinstance(error.__cause__, BrokenPipeError):
            raise
    if service.restarting:
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606 - the very command that runs
    return 0


def _config(arguments: argparse.Namespace) -> Config:
    if arguments.camera is None:
        raise UsageError(f"--camera is missing: give {SPECS}")
    return Config(
        camera=arguments.camera,
        broker=_broker(arguments),
        model=arguments.model,
        device=config.parse_device(arguments.device),
        outbox=arguments.outbox,
        print_events=arguments.print,
        threads=arguments.threads,
        accelerator=config.parse_accelerator(arguments.accelerator),
        camera_options=camera_options(arguments),
        engine=EngineOptions(min_face=arguments.min_face, rate=arguments.rate, min_score=arguments.min_score),
        allow_snapshots=arguments.allow_snapshots,
        annotate=arguments.annotate,
        discovery=config.parse_discovery(arguments.discovery),
    )


def _broker(arguments: argparse.Namespace) -> broker.Broker | None:
    return broker.with_files(
        broker.parse_broker(arguments.mqtt),
        ca=arguments.mqtt_ca,
        certificate=arguments.mqtt_cert,
        key=arguments.mqtt_key,
        password_file=arguments.mqtt_password_file,
    )


def _parser() -> OneLineParser:
    parser = OneLineParser(
        prog="fer-edge", description=__doc__, epilog=EXIT_CODES, formatter_class=RawDescriptionHelpFormatter
    )
    parser.add_argument("--version", action="version", version=f"fer-edge {__version__}")
    parser.add_argument("--schema", action="store_true", help="print the JSON Schema of the events and exit")
    add_camera_flags(parser)
    _mqtt_flags(parser)
    parser.add_argument("--print", action="store_true", help="print the events on stdout, a line of JSON each")
    parser.add_argument(
        "--annotate",
        type=Path,
        metavar="OUT",
        help="write the file that --camera names with its faces drawn: a clip (.mp4, .gif), a picture, or a folder",
    )
    parser.add_argument("--device", default=config.default_device(), help="its name in the topics (%(default)s)")
    parser.add_argument(
        "--allow-snapshots", action="store_true", help="give a picture away to whoever sends the command snapshot"
    )
    parser.add_argument(
        "--model",
        type=config.parse_model,
        default=config.DEFAULT_MODEL,
        metavar="FILE",
        help=f"a model file of fer-convert, or one of {', '.join(config.SHIPPED)} (base)",
    )
    parser.add_argument(
        "--accelerator",
        metavar="SPEC",
        default=config.AUTO,
        help="cpu, edgetpu, one certain Edge TPU (edgetpu:usb:0, edgetpu:pci:0), or auto: an Edge TPU if one works and "
        "the model is compiled for it, FILE_edgetpu.tflite beside FILE.tflite (%(default)s)",
    )
    parser.add_argument(
        "--threads", type=_count, default=config.default_threads(), help="threads to compute with (%(default)s)"
    )
    _engine_flags(parser)
    return parser


def _mqtt_flags(parser: argparse.ArgumentParser) -> None:
    flags = parser.add_argument_group("broker")
    flags.add_argument(
        "--mqtt",
        metavar="URL",
        default=broker.DEFAULT_BROKER,
        help="mqtt://[user@]host[:port], mqtts:// (TLS), ws:// or wss:// (websockets), or none (%(default)s)",
    )
    flags.add_argument(
        "--mqtt-password-file",
        type=Path,
        metavar="FILE",
        help=f"holds the user's password (default: {broker.PASSWORD_VARIABLE}, or systemd's {broker.CREDENTIAL})",
    )
    flags.add_argument("--mqtt-ca", type=Path, metavar="FILE", help="whom to trust, PEM (default: as the system does)")
    flags.add_argument("--mqtt-cert", type=Path, metavar="FILE", help="our certificate, PEM, if the broker wants one")
    flags.add_argument("--mqtt-key", type=Path, metavar="FILE", help="its key, PEM, if it is not in the same file")
    flags.add_argument(
        "--discovery",
        metavar="PREFIX",
        default=config.DEFAULT_DISCOVERY,
        help="the topics by which Home Assistant finds the device, or none (%(default)s)",
    )
    flags.add_argument(
        "--forget",
        action="store_true",
        help="have the broker, and Home Assistant, forget the device, and exit; stop its daemon first, which says "
        "offline, and so is known again, when it ends",
    )
    flags.add_argument(
        "--outbox",
        type=_outbox,
        default=_default_outbox(),
        metavar="FILE",
        help="where events wait for the broker: a file, or memory (default: memory; under systemd its state directory)",
    )


def _engine_flags(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--min-face",
        type=_share,
        default=EngineOptions.min_face,
        metavar="SHARE",
        help="the smallest face, as a share of the height of the picture (%(default)s: a person at 2 m)",
    )
    parser.add_argument(
        "--rate",
        type=_rate,
        default=EngineOptions.rate,
        metavar="HZ",
        help="how often a second each face is classified, more while its expression changes (%(default)s)",
    )
    parser.add_argument(
        "--min-score",
        type=_probability,
        default=EngineOptions.min_score,
        metavar="P",
        help="report another emotion only when its probability is at least this (%(default)s)",
    )


def _default_outbox() -> Path | None:
    folder = os.environ.get("STATE_DIRECTORY")
    return Path(folder) / "outbox.sqlite" if folder else None


def _outbox(text: str) -> Path | None:
    return None if text == "memory" else Path(text)


def _share(text: str) -> float:
    value = _number(text)
    if not 0 < value < 1:
        raise argparse.ArgumentTypeError(f"{text!r} must be a number between 0 and 1")
    return value


def _probability(text: str) -> float:
    value = _number(text)
    if not 0 <= value < 1:
        raise argparse.ArgumentTypeError(f"{text!r} must be 0 or a number between 0 and 1")
    return value


def _rate(text: str) -> float:
    value = _number(text)
    if not 0 < value <= 1000:
        raise argparse.ArgumentTypeError(f"{text!r} must be a number above 0 and up to 1000")
    return value


def _number(text: str) -> float:
    """The number that a text is; -1 for one that is none."""
    try:
        return float(text)
    except ValueError:
        return -1


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} must be a whole number of at least 1")
    return int(text)


if __name__ == "__main__":
    raise SystemExit(main())
