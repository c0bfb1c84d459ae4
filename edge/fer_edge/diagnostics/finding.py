"""The result of one check."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

LEVELS = ("ok", "warn", "FAIL")  # from the best to the worst


@dataclass(frozen=True)
class Finding:
    """What the check of one part found.

    Attributes:
        level: "ok", "warn": the daemon will run, with a limitation, or "FAIL": it will not run.
        text: What was found and, after a colon, how to fix it.
    """

    level: Literal["ok", "warn", "FAIL"]
    text: str


def combine(*findings: Finding | None) -> Finding:
    """Return all findings about one part as one, with the worst of their levels; None is nothing found."""
    found = [finding for finding in findings if finding]
    worst = max(found, key=lambda finding: LEVELS.index(finding.level))
    return Finding(worst.level, "; ".join(finding.text for finding in found))


def ok(text: str) -> Finding:
    """The part works."""
    return Finding("ok", text)


def warn(text: str) -> Finding:
    """The daemon will run, but not as well as it could."""
    return Finding("warn", text)


def fail(text: str) -> Finding:
    """The daemon will not run."""
    return Finding("FAIL", text)
