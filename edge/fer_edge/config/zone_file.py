"""The zones in the configuration file of a run, which the live page may replace."""

from __future__ import annotations

import codecs
import errno
import hashlib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from fer_edge.atomic_file import replace_file
from fer_edge.config.loader import DEFAULT_FILE, Resolved
from fer_edge.config.moods import MoodRule, check_zones
from fer_edge.config.schema import ZONES
from fer_edge.config.toml_tables import replace_tables
from fer_edge.config.zones import parse_zones
from fer_edge.errors import ConfigError
from fer_edge.text_file import MAX_SIZE, decode_text
from fer_edge.zones import Zone

Tables = Sequence[Mapping[str, Any]]


class ChangedFileError(Exception):
    """The file is no longer what the run was started with."""


class ZoneFile:
    """The zones in the configuration file of a run.

    Attributes:
        path: The file, absolute; None if the run was started without one.
        tables: The zones, as the file has them.
    """

    def __init__(self, path: Path | None, tables: Tables = (), moods: Sequence[MoodRule] = ()) -> None:
        """`moods` are the rules in the file, which may name zones."""
        self.path = path.absolute() if path and path.is_file() else None
        self.tables = tables
        self._moods = moods
        self._digest = self._read()[1] if self.path else b""

    @property
    def problem(self) -> str:
        """Why the file cannot be written, or ""."""
        if not self.path:
            return "the sensor was started without a configuration file"
        path = self.path.resolve()
        if os.access(path, os.W_OK) and os.access(path.parent, os.W_OK):
            return ""
        return f"{self.path} and its folder cannot be written by the sensor's user"

    def write(self, tables: Tables) -> tuple[Zone, ...]:
        """Replace the zones in the file, and nothing else, or change nothing. Returns the zones.

        Raises:
            ValueError: A zone is wrong; the message names it and what would be right.
            ChangedFileError: The file was changed since the run has read it.
            OSError: The file cannot be written.
        """
        zones = parse_zones(tables)
        try:
            check_zones(self._moods, [zone.name for zone in zones])
        except ConfigError as error:
            raise ValueError(f"moods: {error}") from error
        if not self.path:
            raise FileNotFoundError(errno.ENOENT, self.problem)
        content, digest = self._read()
        if digest != self._digest:
            text = f"{self.path} was changed since the sensor has read it: restart the sensor, then edit again"
            raise ChangedFileError(text)
        mark = codecs.BOM_UTF8 if content.startswith(codecs.BOM_UTF8) else b""
        content = mark + replace_tables(decode_text(content), ZONES.key, tables).encode()
        if len(content) > MAX_SIZE:
            raise ValueError(f"with these zones, {self.path} would be longer than {MAX_SIZE} bytes")
        replace_file(self.path.resolve(), content)
        self.tables, self._digest = tables, hashlib.sha256(content).digest()
        return zones

    def _read(self) -> tuple[bytes, bytes]:
        """The content of the file and its digest; no content if it has gone."""
        try:
            content = self.path.read_bytes() if self.path else b""
        except FileNotFoundError:
            return b"", b""
        return content, hashlib.sha256(content).digest()


def open_zone_file(file: Path | None, resolved: Sequence[Resolved]) -> ZoneFile:
    """Return the zones of a run.

    Args:
        file: The configuration file; None for /etc/fer-edge/config.toml, if it exists.
        resolved: The settings of the run.
    """
    moods = next(each.meaning for each in resolved if each.setting.key == "moods")
    tables = next(each.value for each in resolved if each.setting is ZONES)
    return ZoneFile(file or DEFAULT_FILE, tables, moods)
