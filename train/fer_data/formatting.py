"""Numbers and tables as text, alike in the reports of both packages."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

MAX_LISTED = 5  # names in a line
MAX_NAME = 80  # characters of a name in such a line


def percent(share: float | None, decimals: int = 1) -> str:
    """A share, 0..1, in per cent; a dash for None."""
    return "-" if share is None else f"{100 * share:.{decimals}f} %"


def number(value: float | None) -> str:
    """A value with three decimals; a dash for None."""
    return "-" if value is None else f"{value:.3f}"


def counted(count: int, noun: str) -> str:
    """A count with its noun, which takes an s in the plural: `1 pair`, `1,234 faces`."""
    return f"{count:,} {noun}{'s' * (count != 1)}"


def printable(text: str) -> str:
    """Text from a file or its name in one line: control characters and bytes that are not UTF-8 are escaped."""
    return "".join(repr(sign)[1:-1] if unicodedata.category(sign) in ("Cc", "Cs") else sign for sign in text)


def listed(names: Sequence[str]) -> str:
    """The first names, and how many there are if not all are listed: `a, b, ... (7 in all)`."""
    text = printable(", ".join(f"{name:.{MAX_NAME}}" for name in names[:MAX_LISTED]))
    return text if len(names) <= MAX_LISTED else f"{text}, ... ({len(names):,} in all)"


def aligned(rows: Sequence[Sequence[str]]) -> str:
    """Rows of as many cells each, as lines of left-aligned columns."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )
