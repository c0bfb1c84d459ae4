r"""Class names in the value of a flag: `A,B`, `A+B=C` or `A=0.5,B=0.7`.

A backslash before `,`, `+`, `=` or another backslash makes it a part of the name: `a\,b`.
"""

from __future__ import annotations

import re

SEPARATORS = r"[,+=\\]"


def split_list(text: str, separator: str) -> list[str]:
    """The parts between separators, stripped, without empty ones; names in them are still escaped."""
    parts = re.findall(rf"(?:\\{SEPARATORS}|[^{separator}])+", text)
    return [part.strip() for part in parts if part.strip()]


def split_assignment(text: str) -> tuple[str, str]:
    """What is before and after the first `=`, stripped and still escaped; without one, all and nothing."""
    match = re.match(rf"((?:\\{SEPARATORS}|[^=])*)=(.*)", text, re.DOTALL)
    return (match[1].strip(), match[2].strip()) if match else (text.strip(), "")


def unescape(name: str) -> str:
    """A name without the backslashes that escape."""
    return re.sub(rf"\\({SEPARATORS})", r"\1", name)


def escape(name: str) -> str:
    """A name as it is written in a flag."""
    return re.sub(rf"({SEPARATORS})", r"\\\1", name)
