"""Checks that minutes can be added to the history."""

from __future__ import annotations

import os
import time
from pathlib import Path

from fer_edge.config.history import find_history_file
from fer_edge.config.model import Config
from fer_edge.diagnostics.finding import Finding, ok, warn
from fer_edge.diagnostics.folder import CHANGE_OWNER, find_problem
from fer_edge.errors import UsageError
from fer_edge.history.reader import history_reader
from fer_edge.history.recorder import open_history

DAY = 86_400  # seconds


def check_history(config: Config) -> Finding:
    """Check that the file of the history can be written and read. Raises UsageError if no file can be there."""
    try:
        options = find_history_file(config.history, config.outbox, os.environ)
    except UsageError as error:  # under systemd there is a place for it
        return warn(f"outside of the service it {error}")
    if not options or not options.file:
        return ok("not configured")
    open_history(options)
    problem = find_problem(options.file.absolute().parent)
    if problem:
        return warn(f"{problem}; until then minutes are kept in memory, for a day")
    return _check_content(options.file, config.device)


def _check_content(path: Path, device: str) -> Finding:
    if not path.exists():  # made here, it might belong to the wrong user
        return ok(f"{path}: not there yet")
    if not os.access(path, os.R_OK | os.W_OK):
        return warn(f"{path}: permission denied: {CHANGE_OWNER}; until then minutes are kept in memory, for a day")
    now = int(time.time())
    try:
        history_reader(path, device)(now - DAY, now, DAY)
    except ValueError as error:
        return warn(f"{error}: a damaged file will be set aside and a new one made")
    return ok(str(path))
