"""Markdown tables that are also readable as plain text."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain


def table(header: Sequence[str], rows: Sequence[Sequence[object]], left: int = 1) -> str:
    """A Markdown table with padded columns: the first `left` columns left-aligned, the others right-aligned."""
    cells = [[str(cell).replace("|", r"\|") for cell in row] for row in chain([header], rows)]
    widths = [max(3, *map(len, column)) for column in zip(*cells, strict=True)]
    rule = ["-" * width if column < left else f"{'-' * (width - 1)}:" for column, width in enumerate(widths)]
    lines = [cells[0], rule, *cells[1:]]
    return "\n".join(f"| {' | '.join(_aligned(line, widths, left))} |" for line in lines)


def _aligned(row: Sequence[str], widths: Sequence[int], left: int) -> list[str]:
    padded = zip(row, widths, strict=True)
    return [cell.ljust(width) if column < left else cell.rjust(width) for column, (cell, width) in enumerate(padded)]
