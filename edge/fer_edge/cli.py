"""fer-edge: emotions of the faces in front of a camera, as events over MQTT."""

from __future__ import annotations

import argparse
import gc
import json
import logging
import os
import resource
import signal
import sys
from argparse import RawDescriptionHelpFormatter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from fer_edge import __version__
from fer_edge.command_line import OneLineParser, discard_stdout, run_command
from fer_edge.config.broker import Broker, read_password
from fer_edge.config.camera import SPECS
from fer_edge.config.history import find_history_file
from fer_edge.config.loader import DEFAULT_FILE, Resolved, add_flags, make_config, name_setting, resolve
from fer_edge.config.model import Config, find_pause_file, find_settings_file
from fer_edge.config.toml import as_toml
from fer_edge.config.web import TOKEN
from fer_edge.config.zone_file import ZoneFile, open_zone_file
from fer_edge.errors import FerError, UsageError
from fer_edge.events import SCHEMA_FILE
from fer_edge.logs import configure_logging
from fer_edge.monitoring.sd_notify import NOTIFY_SOCKET, Notifier
from fer_edge.notice.texts import LANGUAGES
from fer_edge.output import drain_stderr
from fer_edge.web.factory import open_web_server
from fer_edge.web.page_files import PageFiles

if TYPE_CHECKING:  # OpenCV and NumPy take half a second to import; --help does not need them
    from fer_edge.daemon import Daemon

EXIT_CODES = """\
exit codes:
  0   the file has ended, or SIGINT, SIGTERM or SIGHUP was received; a second SIGINT or SIGTERM ends it at once
  1   it could not run, or not to the end: no Edge TPU or one that fails, a damaged file, a camera in which the daemon
      hangs, events that could not be delivered or printed (a missing camera is waited for); --check found an error;
      --status got no answer
  2   a flag, a file or a broker's address is wrong (systemd does not restart the service)
  78  the configuration file, a FER_EDGE_ variable or the model is unusable (systemd does not restart the service)
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run `fer-edge` and return its exit code."""
    return run_command("fer-edge", lambda: _execute(argv))


def _execute(argv: Sequence[str] | None) -> int:
    configure_logging(os.environ)
    arguments = _parser().parse_args(argv)
    if arguments.schema:
        print(SCHEMA_FILE.read_text(encoding="utf-8"), end="")
        return 0
    if arguments.check:
        return _check(arguments)
    if arguments.json and not arguments.status:
        raise UsageError("--json belongs to --check and to --status")
    if arguments.notice_contact and not arguments.notice:
        raise UsageError("--notice-contact belongs to --notice")
    resolved = _resolve(arguments)
    config = make_config(resolved)
    pause_file = find_pause_file(config.outbox, os.environ)
    config = replace(config, annotate=arguments.annotate, pause_file=pause_file)
    if arguments.print_config:
        print(as_toml(resolved), end="")
        return 0
    if arguments.notice:
        return _notice(config, arguments.notice, arguments.notice_contact)
    try:
        if arguments.status:
            return _status(config, as_json=arguments.json)
        return _forget(config) if arguments.forget else _run(config, open_zone_file(arguments.config, resolved))
    except FerError as error:
        raise name_setting(error, resolved) from error


def _resolve(arguments: argparse.Namespace) -> list[Resolved]:
    return resolve(vars(arguments), os.environ, arguments.config)


def _check(arguments: argparse.Namespace) -> int:
    from fer_edge.diagnostics.report import as_json, format_line, run_checks

    for handler in logging.getLogger().handlers:
        handler.setLevel(logging.ERROR)  # the findings report the rest
    findings = []
    for part, finding in run_checks(lambda: _resolve(arguments)):
        findings.append((part, finding))
        if not arguments.json:
            print(format_line(part, finding), flush=True)
    if arguments.json:
        print(as_json(findings))
    return int(any(finding.level == "FAIL" for _, finding in findings))


def _status(config: Config, *, as_json: bool) -> int:
    from fer_edge.mqtt.query import format_status, query_device

    broker = _broker(config, "--status")
    answers = query_device(broker, read_password(broker, os.environ), config.device)
    print(json.dumps(answers) if as_json else "\n".join(format_status(config.device, answers)))
    return 0


def _forget(config: Config) -> int:
    from fer_edge.mqtt.forget import forget_device

    broker = _broker(config, "--forget")
    forget_device(broker, read_password(broker, os.environ), config.device, config.discovery)
    print(f"{broker} has forgotten {config.device}")
    return 0


def _notice(config: Config, language: str, contact: str) -> int:
    from fer_edge.inference.model_file import read_model
    from fer_edge.notice.page import notice_page

    print(
        notice_page(language, config, read_model(config.model).labels, contact, datetime.now().astimezone().date()),
        end="",
    )
    return 0


def _broker(config: Config, flag: str) -> Broker:
    """The broker for a command that ends with one line; its connection attempts are not logged."""
    logging.getLogger().setLevel(logging.ERROR)
    if not config.broker:
        raise UsageError(f"{flag} needs a broker: give --mqtt URL")
    return config.broker


def _run(config: Config, zones: ZoneFile) -> int:
    if not config.camera:
        cure = f"give {SPECS}; or set camera.source in {DEFAULT_FILE}"
        raise UsageError("is missing", setting="camera.source", cure=cure)
    # Until the daemon handles it, Ctrl-C ends the process at once, even in the middle of an import.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    # A core dump would contain faces, passwords and the token.
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    from fer_edge.daemon import open_daemon
    from fer_edge.history.reader import history_reader
    from fer_edge.history.recorder import open_history
    from fer_edge.run.health_file import HealthFile, find_health_file
    from fer_edge.run.observer import RunObserver
    from fer_edge.run.signals import handle_signals

    password = read_password(config.broker, os.environ) if config.broker else None
    web = config.web
    token = TOKEN.read(web.token_file, os.environ) if web else None
    history = find_history_file(config.history, config.outbox, os.environ)
    config = replace(config, settings_file=find_settings_file(config, os.environ))
    recorders: list[RunObserver] = [open_history(history)] if history else []
    if health_file := find_health_file(os.environ):
        recorders.append(HealthFile(health_file))
    read_history = history_reader(history.file, config.device) if history and history.file else None
    files = PageFiles(zones=zones, read_history=read_history)
    daemon = open_daemon(config, password, lambda: recorders + ([open_web_server(web, token, files)] if web else []))
    # A full garbage collection over start-up objects would stall frames for 35 ms on a PC.
    gc.freeze()
    notifier = Notifier(os.environ.get(NOTIFY_SOCKET))
    handle_signals(daemon.controls, service=bool(notifier))
    _run_to_the_end(daemon, notifier)
    if daemon.controls.restarting:
        _restart()
    return 0


def _run_to_the_end(daemon: Daemon, notifier: Notifier) -> None:
    from fer_edge.history.recorder import HistoryError
    from fer_edge.mqtt.device import UndeliveredError
    from fer_edge.run.observer import OutputError, UnprintedError

    try:
        daemon.run(notifier)
    except (HistoryError, UndeliveredError, UnprintedError) as error:
        if not daemon.controls.restarting:
            raise
        logging.warning("%s", error)
    except OutputError as error:
        discard_stdout()
        if not isinstance(error.__cause__, BrokenPipeError):
            raise


def _restart() -> None:
    """Replace this process by a new start of the same command. A SIGHUP stays pending until that can handle it."""
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGHUP])
    drain_stderr()
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606 - the very command that runs


def _parser() -> OneLineParser:
    parser = OneLineParser(
        prog="fer-edge", description=__doc__, epilog=EXIT_CODES, formatter_class=RawDescriptionHelpFormatter
    )
    parser.add_argument("--version", action="version", version=f"fer-edge {__version__}")
    parser.add_argument("--schema", action="store_true", help="print the JSON Schema of the events and exit")
    parser.add_argument(
        "--config", type=Path, metavar="FILE", help=f"settings, in TOML (default: {DEFAULT_FILE}, if it exists)"
    )
    parser.add_argument(
        "--check",
        action="store_true",
        help="check everything that a run needs, report how to fix what fails, and exit: 0 or 1",
    )
    parser.add_argument("--json", action="store_true", help="with --check or --status: print JSON")
    parser.add_argument(
        "--status",
        action="store_true",
        help="ask the running service, over MQTT, for its status, and exit: 0, or 1 if it does not answer",
    )
    parser.add_argument(
        "--print-config", action="store_true", help="print every setting, with where its value comes from, and exit"
    )
    parser.add_argument(
        "--annotate",
        type=Path,
        metavar="OUT",
        help="also write the file given by --camera with its faces drawn: a clip (.mp4, .gif), a picture, or a folder",
    )
    parser.add_argument(
        "--forget",
        action="store_true",
        help="remove the device from the broker, and so from Home Assistant, and exit; stop its daemon first, because "
        "the `offline` message it sends on exit would recreate the device",
    )
    parser.add_argument(
        "--notice",
        choices=LANGUAGES,
        help="print a page (HTML, A4) that informs the people in front of the camera what these settings do, and exit",
    )
    parser.add_argument(
        "--notice-contact",
        default="",
        metavar="TEXT",
        help="with --notice: who is responsible, with a web or e-mail address, of which the page has a QR code",
    )
    add_flags(parser)
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
