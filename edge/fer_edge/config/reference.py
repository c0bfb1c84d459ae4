"""The table of settings as Markdown. `python -m fer_edge.config.reference edge/README.md` writes it into that file."""

from __future__ import annotations

import sys
from pathlib import Path

from fer_edge.config.schema import SETTINGS, TABLES
from fer_edge.config.setting import Setting

BEGIN, END = "<!-- settings: begin -->", "<!-- settings: end -->"
HEAD = """\
| key | flag | variable | default | meaning |
|---|---|---|---|---|
"""


def insert_table(text: str) -> str:
    """Return a Markdown text with the current table between its two marks. Raises ValueError without the marks."""
    return insert_between(text, (BEGIN, END), settings_table())


def insert_between(text: str, marks: tuple[str, str], content: str) -> str:
    """Return a text with `content` between two marks. Raises ValueError without the marks."""
    before, begin, rest = text.partition(marks[0])
    _, end, after = rest.partition(marks[1])
    if not end:
        raise ValueError(f"expected the marks {' and '.join(marks)}")
    return f"{before}{begin}\n\n{content}\n{end}{after}"


def settings_table() -> str:
    """Return the table, one row for each setting."""
    return HEAD + "".join(_row(setting) for setting in (*SETTINGS, *TABLES))


def _row(setting: Setting) -> str:
    if not setting.flag:
        return f"| `[[{setting.key}]]` | | | {setting.default_text} | {setting.help} |\n"
    flag = f"`{setting.flag} {setting.metavar}`" if setting.metavar else f"`{setting.flag}`"
    default = setting.describe_default() if setting.default_text else f"`{setting.describe_default()}`"
    cells = (f"`{setting.key}`", flag, f"`{setting.variable}`", default, setting.help)
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |\n"


if __name__ == "__main__":
    readme = Path(sys.argv[1])
    readme.write_text(insert_table(readme.read_text(encoding="utf-8")), encoding="utf-8")
