"""Checks that events can wait on the disk."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

from fer_edge.config.model import Config
from fer_edge.database_file import error_code, is_damage
from fer_edge.diagnostics.finding import Finding, fail, ok, warn
from fer_edge.diagnostics.folder import CHANGE_OWNER, MAKE_ROOM, find_problem
from fer_edge.errors import UsageError
from fer_edge.mqtt.outbox import DISK_LIMIT, check_path
from fer_edge.mqtt.outbox_store import Store

MEGABYTE = 1_000_000
MIN_FREE = 2 * DISK_LIMIT.size  # bytes: a full outbox, and its write-ahead log

SQLITE_CURES = {
    sqlite3.SQLITE_FULL: MAKE_ROOM,
    sqlite3.SQLITE_READONLY: CHANGE_OWNER,
    sqlite3.SQLITE_CANTOPEN: CHANGE_OWNER,
    sqlite3.SQLITE_PERM: CHANGE_OWNER,
}


def check_outbox(config: Config) -> Finding:
    """Check that the outbox can be written, and how much space is left."""
    path = config.outbox
    if not path:
        lost = "in memory: events that wait are lost at a restart; set mqtt.outbox"
        return warn(lost) if config.broker else ok("not needed")
    if problem := find_problem(path.parent):
        return fail(problem)
    try:
        check_path(path)
    except UsageError as error:
        return fail(str(error))
    free = shutil.disk_usage(path.parent).free
    found = f"{path}: {free // MEGABYTE} MB free"
    if free < MIN_FREE:
        return warn(f"{found}, and a full outbox takes {MIN_FREE // MEGABYTE}: {MAKE_ROOM}")
    content = _check_content(path)
    return Finding(content.level, f"{found}, {content.text}")


def _check_content(path: Path) -> Finding:
    if not path.exists():  # made here, it might belong to the wrong user
        return ok("not there yet")
    try:
        store = Store(path)
    except sqlite3.Error as error:
        code = error_code(error)
        if code == sqlite3.SQLITE_BUSY:
            return ok("in use, probably by fer-edge")
        if is_damage(error):
            return warn(f"{error}: it will be set aside and a new one made, with the events that are readable")
        return _failed(str(error), SQLITE_CURES.get(code))
    store.close()
    return ok(f"{store.count} events wait")


def _failed(problem: str, cure: str | None) -> Finding:
    return fail(f"{problem}: {cure}" if cure else problem)
