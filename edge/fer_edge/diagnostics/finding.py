"""The result of one check."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Finding:
    """What the check of one part found.

    Attributes:
        level: "ok", "warn": the daemon will run, with a limitation, or "FAIL": it will not run.
        text: What was found and, after a colon, how to fix it.
    """

    level: Literal["ok", "warn", "FAIL"]
    text: str


def ok(text: str) -> Finding:
    """The part works."""
    return Finding("ok", text)


def warn(text: str) -> Finding:
    """The daemon will run, but not as well as it could."""
    return Finding("warn", text)


def fail(text: str) -> Finding:
    """The daemon will not run."""
    return Finding("FAIL", text)
