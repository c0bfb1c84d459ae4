"""fer-edge: emotions of the faces in front of a camera, as events over MQTT."""

from __future__ import annotations

import argparse
import gc
import json
import logging
import os
import signal
import sys
from argparse import RawDescriptionHelpFormatter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from fer_edge import __version__
from fer_edge.command_line import OneLineParser, discard_stdout, run_command
from fer_edge.config import broker
from fer_edge.config.camera import SPECS
from fer_edge.config.loader import DEFAULT_FILE, add_flags, make_config, name_setting, resolve
from fer_edge.config.model import Config
from fer_edge.config.toml import as_toml
from fer_edge.config.web import TOKEN, WebOptions
from fer_edge.errors import FerError, MissingExtraError, UsageError
from fer_edge.events import SCHEMA_FILE
from fer_edge.logs import configure_logging
from fer_edge.monitoring.sd_notify import NOTIFY_SOCKET, Notifier

if TYPE_CHECKING:  # it needs the extra `web`
    from fer_edge.web.server import WebServer

EXIT_CODES = """\
exit codes:
  0   the file ended, or SIGINT or SIGTERM was received
  1   it could not run, or not to the end: no Edge TPU or one that fails, a damaged file, a camera in which the daemon
      hangs, events that could not be delivered or printed; a camera that is away is waited for; --check found a fault;
      --status got no answer
  2   a flag, a file or a broker's address is wrong
  78  the configuration file, a FER_EDGE_ variable or the model cannot be used (systemd does not restart)
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run `fer-edge` and return its exit code."""
    arguments = _parser().parse_args(argv)
    configure_logging(os.environ)
    if arguments.schema:
        print(SCHEMA_FILE.read_text(encoding="utf-8"), end="")
        return 0
    return run_command("fer-edge", lambda: _command(arguments))


def _command(arguments: argparse.Namespace) -> int:
    if arguments.check:
        return _check(arguments)
    if arguments.json and not arguments.status:
        raise UsageError("--json belongs to --check and to --status")
    resolved = resolve(vars(arguments), os.environ, arguments.config)
    settings = replace(make_config(resolved), annotate=arguments.annotate)
    if arguments.print_config:
        print(as_toml(resolved), end="")
        return 0
    try:
        if arguments.status:
            return _status(settings, as_json=arguments.json)
        return _forget(settings) if arguments.forget else _run(settings)
    except FerError as error:
        raise name_setting(error, resolved) from error


def _check(arguments: argparse.Namespace) -> int:
    from fer_edge.diagnostics.report import as_json, format_line, run_checks

    for handler in logging.getLogger().handlers:
        handler.setLevel(logging.ERROR)  # the findings say it
    findings = []
    for part, finding in run_checks(lambda: resolve(vars(arguments), os.environ, arguments.config)):
        findings.append((part, finding))
        if not arguments.json:
            print(format_line(part, finding), flush=True)
    if arguments.json:
        print(as_json(findings))
    return int(any(finding.level == "FAIL" for _, finding in findings))


def _status(settings: Config, *, as_json: bool) -> int:
    from fer_edge.mqtt.query import ask, lines

    logging.getLogger().setLevel(logging.ERROR)  # one line is enough: why there is no answer
    if not settings.broker:
        raise UsageError("--status asks at the broker: give --mqtt URL")
    told = ask(settings.broker, broker.read_password(settings.broker, os.environ), settings.device)
    print(json.dumps(told, ensure_ascii=False) if as_json else "\n".join(lines(settings.device, told)))
    return 0


def _forget(settings: Config) -> int:
    from fer_edge.mqtt.forget import forget

    logging.getLogger().setLevel(logging.ERROR)  # one line is enough: what came of it
    if not settings.broker:
        raise UsageError("--forget needs a broker: give --mqtt URL")
    forget(settings.broker, broker.read_password(settings.broker, os.environ), settings.device, settings.discovery)
    print(f"{settings.broker} has forgotten {settings.device}")
    return 0


def _run(settings: Config) -> int:
    if not settings.camera:
        raise UsageError(
            "is missing", setting="camera.source", cure=f"give {SPECS}; or set camera.source in {DEFAULT_FILE}"
        )
    # Until there is something to end in good order, Ctrl-C just ends it, be it in the middle of an import.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    from fer_edge.daemon import open_daemon
    from fer_edge.mqtt.device import UndeliveredError
    from fer_edge.run.observer import OutputError

    password = broker.read_password(settings.broker, os.environ) if settings.broker else None
    notifier = Notifier(os.environ.get(NOTIFY_SOCKET))
    observers = [_open_web_server(settings.web)] if settings.web else []
    daemon = open_daemon(settings, password, observers)
    gc.freeze()  # what is there stays: a collection that looked at it, too, would stop the frames for 35 ms on a PC
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: daemon.controls.stop())
    # For a service it means: read your settings anew. Else a terminal has gone.
    signal.signal(signal.SIGHUP, lambda *_: daemon.controls.restart() if notifier else daemon.controls.stop())
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGHUP])
    try:
        daemon.run(notifier)
    except OutputError as error:
        discard_stdout()
        if not isinstance(error.__cause__, BrokenPipeError):
            raise
    except UndeliveredError as error:
        if not daemon.controls.restarting:
            raise
        logging.warning("%s", error)
    if daemon.controls.restarting:
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGHUP])  # it waits until the new start can take it
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606 - the very command that runs
    return 0


def _open_web_server(options: WebOptions) -> WebServer:
    try:
        from fer_edge.web.server import WebServer
    except ImportError as error:
        raise MissingExtraError("--web", "web", error.name) from error
    return WebServer(options, TOKEN.read(options.token_file, os.environ))


def _parser() -> OneLineParser:
    parser = OneLineParser(
        prog="fer-edge", description=__doc__, epilog=EXIT_CODES, formatter_class=RawDescriptionHelpFormatter
    )
    parser.add_argument("--version", action="version", version=f"fer-edge {__version__}")
    parser.add_argument("--schema", action="store_true", help="print the JSON Schema of the events and exit")
    parser.add_argument(
        "--config", type=Path, metavar="FILE", help=f"settings, in TOML (default: {DEFAULT_FILE}, if it is there)"
    )
    parser.add_argument(
        "--check", action="store_true", help="look whether all that a run needs works, say what helps, and exit: 0 or 1"
    )
    parser.add_argument("--json", action="store_true", help="with --check or --status: as JSON")
    parser.add_argument(
        "--status",
        action="store_true",
        help="ask the running service how it fares, and exit: 0, or 1 if it does not answer",
    )
    parser.add_argument("--print-config", action="store_true", help="print what is set, and by whom, and exit")
    parser.add_argument(
        "--annotate",
        type=Path,
        metavar="OUT",
        help="write the file that --camera names with its faces drawn: a clip (.mp4, .gif), a picture, or a folder",
    )
    parser.add_argument(
        "--forget",
        action="store_true",
        help="have the broker, and Home Assistant, forget the device, and exit; stop its daemon first, which says "
        "offline, and so is known again, when it ends",
    )
    add_flags(parser)
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
