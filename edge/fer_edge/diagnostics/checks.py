"""Whether the parts of a run work: model, accelerator, camera, broker, outbox. Each is tried as the run uses it."""

from __future__ import annotations

import logging
import os
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from fer_edge.cameras.base import FrameSource, Problem
from fer_edge.cameras.browser import BROWSER
from fer_edge.cameras.cures import CHECK_CABLE
from fer_edge.cameras.factory import open_source
from fer_edge.cameras.frame import Frame
from fer_edge.cameras.frame_checks import is_dark
from fer_edge.config.broker import read_password
from fer_edge.config.model import Config
from fer_edge.diagnostics.finding import Finding, fail, ok, warn, with_cure
from fer_edge.errors import UsageError
from fer_edge.inference import selection
from fer_edge.inference.model_file import read_model
from fer_edge.mqtt.client import Client
from fer_edge.mqtt.connection import Connection, ConnectionSettings
from fer_edge.mqtt.outbox import ON_DISK
from fer_edge.mqtt.outbox_store import Store, is_damage

FRAME_TIMEOUT = 6.0  # seconds for a frame
LIGHT_TIMEOUT = 2.0  # seconds for the camera to find its exposure
BROKER_TIMEOUT = 15.0  # seconds for the broker, and for its answer to a message
POLL_INTERVAL = 0.1  # seconds between two looks
MEGABYTE = 1_000_000
SPACE = 2 * ON_DISK.size  # bytes: a full outbox, and its log

BROKER_CURES = {
    "refuses messages": "look at the broker's access list",
    "not authorized": "look at the user in mqtt.url and at the password",
    "user name": "look at the user in mqtt.url and at the password",
    "key usage": "Python 3.13 insists: make the authority anew, with keyUsage=critical,keyCertSign",
    "authority key identifier": "Python 3.13 insists: make the certificate anew, with authorityKeyIdentifier=keyid",
    "certificate": "mqtt.ca must hold who signed it, and mqtt.url the name that it was made for",
    "no tls": "mqtts:// needs the broker's port for TLS, 8883 as a rule",
    "connection refused": "start the broker there, or look at the port in mqtt.url",
    "not known": "look at the host in mqtt.url",
    "timed out": "look at the host in mqtt.url, and for a firewall before it",
    "mqtt answer": "look at the port in mqtt.url",
}
DISK_CURES = {
    "no space": "make room",
    "quota": "make room",
    "read-only": "the disk may be failing; look at dmesg",
    "permission": "give the folder to the user that runs fer-edge",
}


def check_model(config: Config) -> Finding:
    """Whether the file is whole, its sha256 that of its card, and its classes are named. Raises ModelError."""
    model = read_model(config.model)
    return ok(f"{model.name}, sha256 {model.sha256[:12]}: {', '.join(model.labels)}")


def check_accelerator(config: Config) -> Finding:
    """What the model runs on, seen in a process of its own. Raises ModelError, AcceleratorError."""
    with _heard(selection.log) as said:
        _, engine = selection.select_engine(config.model, config.accelerator, config.threads)
    return warn("; ".join([engine.runs_on, *said])) if said else ok(engine.runs_on)


def check_camera(config: Config, clock: Callable[[], float] = time.monotonic) -> Finding:
    """Whether it gives a frame that is not dark. Raises UsageError for what is no camera, DamagedError."""
    if not config.camera:
        raise UsageError("none is named: set camera.source, or give --camera")
    if config.camera == BROWSER:
        return ok(f"{BROWSER}: there is nothing to look at until somebody opens the page")
    source = open_source(config.camera, config.camera_options)
    try:
        frame = _first_frame(source, clock)
    finally:
        source.close()
    if not frame:
        problem = source.problem or Problem("no frame")
        return fail(f"{source.name}: {problem.text}: {problem.cure or CHECK_CABLE}")
    height, width = (frame.grey if frame.detail is None else frame.detail).shape
    found = f"{source.name}: {width}x{height}"
    return warn(f"{found}, all dark: is the lens covered, or is it night?") if is_dark(frame.grey) else ok(found)


def _first_frame(source: FrameSource, clock: Callable[[], float]) -> Frame | None:
    """The first frame of a file; of a camera the first that is not dark, else the last within its patience."""
    began, newest = clock(), None
    for frame in source:
        newest = frame or newest
        waited = clock() - began
        if newest and (not source.live or not is_dark(newest.grey) or waited > LIGHT_TIMEOUT):
            break
        if waited > FRAME_TIMEOUT:
            break
    return newest


def check_broker(config: Config, environment: Mapping[str, str] = os.environ) -> Finding:
    """Whether it lets us in and takes a message of ours, which is not retained, at fer/DEVICE/check.

    Raises UsageError when the password cannot be read.
    """
    broker = config.broker
    if not broker:
        return ok("none is asked for")
    sent: list[int] = []
    topic = f"fer/{config.device}/check"

    def greet(link: Connection) -> None:
        sent.append(link.publish(topic, ""))

    login = ConnectionSettings(broker, read_password(broker, environment), f"fer-edge-check-{config.device}", None)
    connection = Client(login, greet, lambda message: None)
    try:
        version, problem = _await_answer(connection, sent)
    finally:
        connection.close()
    if problem:
        return fail(with_cure(problem, BROKER_CURES))
    return ok(f"{broker}: MQTT {version}, {f'user {broker.user}' if broker.user else 'without a user'}")


def _await_answer(connection: Client, sent: list[int]) -> tuple[str, str]:
    """Wait for the broker's answer to our message; the version of MQTT, or why there is no answer."""
    deadline, first = time.monotonic() + BROKER_TIMEOUT, connection.problem
    while time.monotonic() < deadline and connection.problem == first:
        if link := connection.link:
            for answer in link.answers():
                if answer.mid in sent:
                    refusal = f"it refuses {answer.request}: {answer.refusal}"
                    return link.version, refusal if answer.refusal else ""
        connection.changed.wait(POLL_INTERVAL)
        connection.changed.clear()
    return "", connection.problem


def check_outbox(config: Config) -> Finding:
    """Whether events can wait on the disk, and how much room there is."""
    path = config.outbox
    if not path:
        return (
            warn("in memory: what waits is lost at a restart; set mqtt.outbox") if config.broker else ok("not needed")
        )
    try:
        with tempfile.TemporaryFile(dir=path.parent) as trial:
            trial.write(bytes(4096))
            trial.flush()
            os.fsync(trial.fileno())
        free = shutil.disk_usage(path.parent).free
    except OSError as error:
        return fail(with_cure(f"{path.parent}: {(error.strerror or str(error)).lower()}", DISK_CURES))
    waiting, found = _waiting(path), f"{path}: {free // MEGABYTE} MB free"
    if free < SPACE:
        return warn(f"{found}, and a full outbox takes {SPACE // MEGABYTE}: make room")
    return Finding(waiting.level, f"{found}, {waiting.text}")


def _waiting(path: Path) -> Finding:
    if not path.exists():  # made by us it might belong to the wrong user
        return ok("not there yet")
    try:
        store = Store(path)
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_BUSY:
            return ok("in use, by fer-edge most likely")
        if is_damage(error):
            return warn(f"{error}: it will be set aside and a new one begun")
        return fail(with_cure(str(error), DISK_CURES))
    store.close()
    return ok(f"{store.count} events wait")


@contextmanager
def _heard(log: logging.Logger) -> Iterator[list[str]]:
    """What a log says meanwhile."""
    said: list[str] = []
    listener = logging.Handler()
    listener.emit = lambda record: said.append(record.getMessage())  # type: ignore[method-assign]
    log.addHandler(listener)
    try:
        yield said
    finally:
        log.removeHandler(listener)
