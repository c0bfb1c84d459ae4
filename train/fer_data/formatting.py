"""Numbers and tables as text, alike in the reports of both packages."""

from __future__ import annotations

from collections.abc import Sequence


def percent(share: float | None, decimals: int = 1) -> str:
    """A share, 0..1, in per cent; a dash for None."""
    return "-" if share is None else f"{100 * share:.{decimals}f} %"


def number(value: float | None) -> str:
    """A value with three decimals; a dash for None."""
    return "-" if value is None else f"{value:.3f}"


def counted(count: int, noun: str) -> str:
    """A count with its noun, which takes an s in the plural: `1 pair`, `1,234 faces`."""
    return f"{count:,} {noun}{'s' * (count != 1)}"


def aligned(rows: Sequence[Sequence[str]]) -> str:
    """Rows of as many cells each, as lines of left-aligned columns."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )
