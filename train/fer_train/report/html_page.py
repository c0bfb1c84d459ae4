"""A self-contained HTML page of sections with text, plots and tables."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import jinja2


@dataclass(frozen=True)
class Table:
    """A header and rows of the same number of cells.

    Attributes:
        head: The header.
        rows: The rows.
        summary: A line to which a long table is folded; "" for a table that is not.
    """

    head: Sequence[str]
    rows: Sequence[Sequence[Any]]
    summary: str = ""


@dataclass(frozen=True)
class Section:
    """A section of the page.

    Attributes:
        title: Its heading.
        text: How to read it.
        figures: PNG files with their captions.
        table: A table below them.
        commands: Command lines below it, in which those that begin with # are comments.
        side_by_side: Whether the figures are small, and share a row where it is wide enough.
    """

    title: str
    text: str = ""
    figures: Sequence[tuple[Path, str]] = ()
    table: Table | None = None
    commands: str = ""
    side_by_side: bool = False


def write_page(out: Path, title: str, summary: str, sections: Sequence[Section], *, refresh: int | None = None) -> None:
    """Write an HTML page, whose pictures are embedded.

    Args:
        out: The file, which is replaced as a whole, so that a browser never loads half of it.
        title: The heading.
        summary: The text below it, a paragraph each line.
        sections: The rest.
        refresh: Seconds after which a browser reloads the page; None: never.
    """
    environment = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.filters["embed"] = lambda path: "data:image/png;base64," + base64.b64encode(path.read_bytes()).decode()
    template = environment.from_string((files(__package__) / "page.html").read_text())
    draft = out.with_name(f"draft-{out.name}")
    draft.write_text(template.render(title=title, summary=summary, sections=sections, refresh=refresh))
    draft.replace(out)
