"""What a check of a part has found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Finding:
    """How a part fares. text: what was found, and behind a colon or semicolon what helps. `warn`: it will run so."""

    level: Literal["ok", "warn", "FAIL"]
    text: str


def ok(text: str) -> Finding:
    """All is well."""
    return Finding("ok", text)


def warn(text: str) -> Finding:
    """It will run, but not as well as it could."""
    return Finding("warn", text)


def fail(text: str) -> Finding:
    """It will not run."""
    return Finding("FAIL", text)


def with_cure(problem: str, cures: dict[str, str], otherwise: str = "") -> str:
    """A trouble, and the cure of the first words that are in it."""
    cure = next((cure for words, cure in cures.items() if words in problem.lower()), otherwise)
    return f"{problem}: {cure}" if cure else problem
