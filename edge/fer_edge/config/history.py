"""Where minutes are kept, and for how long."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from fer_edge.config.addresses import parse_file, quote
from fer_edge.errors import UsageError

CSV, SQLITE = ".csv", ".sqlite"  # endings of a history's file


@dataclass(frozen=True)
class HistoryOptions:
    """Where minutes are kept, and for how long.

    Attributes:
        file: Ends in CSV or SQLITE; None until `find_history_file` has chosen one.
        days: How long a minute is kept; None for always.
    """

    file: Path | None
    days: int | None


def parse_history(text: str) -> Path:
    """Return the file of the history. Raises UsageError for one that is neither CSV nor SQLite."""
    file = parse_file(text)
    if file.suffix not in (CSV, SQLITE) or "\0" in text:
        raise UsageError(f"{quote(text)}: expected a file that ends in {CSV} or {SQLITE}")
    return file


def make_history(file: Path | None, days: int | None) -> HistoryOptions | None:
    """Return the options; None for no history. Raises UsageError if they contradict each other."""
    if file and days and file.suffix == CSV:
        needed = f"needs a history.file that ends in {SQLITE}: nothing is deleted from {file}"
        raise UsageError(needed, setting="history.days")
    return HistoryOptions(file, days) if file or days else None


def find_history_file(
    options: HistoryOptions | None, outbox: Path | None, environment: Mapping[str, str]
) -> HistoryOptions | None:
    """Return the options with a file: that of the settings, else one in systemd's state directory or beside the outbox.

    Raises UsageError if there is no place for it.
    """
    if not options or options.file:
        return options
    if folder := environment.get("STATE_DIRECTORY"):
        return replace(options, file=Path(folder) / f"history{SQLITE}")
    if outbox:
        return replace(options, file=outbox.with_name(f"{outbox.name}.history{SQLITE}"))
    raise UsageError("needs a file", setting="history.days", cure="set history.file (--history FILE), too")
