"""Writing settings for tests: a configuration file, flags as the command line parses them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fer_edge.command_line import OneLineParser
from fer_edge.config.loader import add_flags
from fer_edge.config.setting import Setting


def write_config(path: Path, values: dict[str, Any]) -> Path:
    """Write a configuration file that sets `values`, given by key."""
    sections: dict[str, list[str]] = {}
    for key, value in values.items():
        section, _, name = key.partition(".")
        text = str(value).lower() if isinstance(value, bool) else repr(value)
        sections.setdefault(f"[{section}]", []).append(f"{name} = {text}")
    path.write_text("\n".join("\n".join([section, *lines]) for section, lines in sections.items()))
    return path


def as_flag(setting: Setting, value: Any) -> list[str]:
    """Return the arguments that set `value`."""
    if isinstance(value, bool):
        return [setting.flag if value else setting.flag.replace("--", "--no-", 1)]
    return [setting.flag, str(value)]


def parse_flags(*arguments: str) -> dict[str, Any]:
    """Parse flags as the command does."""
    parser = OneLineParser(prog="fer-edge")
    add_flags(parser)
    return vars(parser.parse_args(arguments))
