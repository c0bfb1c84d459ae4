"""Replaces the tables of an array, such as `[[zones]]`, in the text of a TOML file, which keeps everything else."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fer_edge.config.toml import to_toml

# Strings and comments, in which brackets and ends of lines mean nothing; anything else; single brackets, ends of lines.
TOKEN = re.compile(
    r"""
    \"{3} (?:\\.|.)*? \"{3} \"{0,2} | '{3} .*? '{3} '{0,2} | "(?:\\.|[^"\\\n])*" | '[^'\n]*' | \#[^\n]* |
    [^"'\#\n\[\]{}]+ | .
    """,
    re.DOTALL | re.VERBOSE,
)
NAME = r"""(?:[\w-]+|"[^"\n]*"|'[^'\n]*')"""
HEADER = re.compile(rf"[ \t]*\[(?P<array>\[?)[ \t]*(?P<name>{NAME})[ \t]*\]")
KEY = re.compile(rf"[ \t]*(?P<name>{NAME})[ \t]*=")


@dataclass
class _Table:
    """A table of the array as it is in the text.

    Attributes:
        values: Its keys and values.
        statements: From its header to its last key.
    """

    values: Mapping[str, Any]
    statements: list[str]


def replace_tables(text: str, key: str, tables: Sequence[Mapping[str, Any]]) -> str:
    """Return the text of a TOML file with other tables in an array.

    Tables that stay keep their lines, those that change the lines of the values that stay. Every comment is kept, also
    in a table that goes. The result has been parsed again: nothing but the array has changed.

    Args:
        text: A TOML document.
        key: Of the array, at the top of the document.
        tables: The new ones. One with the `name` of an old one takes its lines; the other ones take those that are
            left, in order.

    Raises:
        ValueError: The array is written in a way that is not supported.
    """
    document = tomllib.loads(text)
    if document.get(key, []) == tables:
        return text
    newline = "\r\n" if "\r\n" in text else "\n"
    old, pieces = _take_apart(text, key, document.get(key, []))
    pairs = list(_pair(tables, old))
    blocks = [_write(key, table, source) for table, source in pairs]
    blocks += [_comments_of(table.statements) for table in old if not any(table is source for _, source in pairs)]
    blocks = [re.sub(r"\r?\n", newline, _end_line(block)) for block in blocks]
    result = "".join(blocks[piece] if isinstance(piece, int) else piece for piece in pieces)
    for block in blocks[len(old) :]:
        result = f"{result}{newline if not result or result.endswith(newline) else 2 * newline}{block}"
    result = result if text.strip() else result.lstrip()
    _verify(result, document, key, tables)
    return result


def _verify(text: str, before: Mapping[str, Any], key: str, tables: Sequence[Mapping[str, Any]]) -> None:
    try:
        after = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        after = {key: None}
    if {key: [], **after} != {**before, key: list(tables)}:
        raise ValueError(f"the {key} are written in a form that cannot be changed here")


def _take_apart(text: str, key: str, values: Sequence[Mapping[str, Any]]) -> tuple[list[_Table], list[str | int]]:
    """Return the tables of the array, and the text without them, in which the place of each is its index."""
    found: list[_Table] = []
    pieces: list[str | int] = []
    pending: list[str] = []  # blank lines and comments that may be followed by a further key of the table
    inside, at_top = False, True
    for statement in _statements(text):
        header, pair = HEADER.match(statement), KEY.match(statement)
        if header:
            at_top, inside = False, _bare(header["name"]) == key
        if header and inside:
            pieces += [*pending, len(found)]
            found.append(_Table(values[len(found)] if len(found) < len(values) else {}, [statement]))
            pending = []
        elif inside and pair:
            found[-1].statements += [*pending, statement]
            pending = []
        elif inside:
            pending.append(statement)
        elif at_top and pair and _bare(pair["name"]) == key:
            pieces.append(_comments_of([statement]))  # the whole array as one value
        else:
            pieces += [*pending, statement]
            pending = []
    return found, [*pieces, *pending]


def _statements(text: str) -> Iterator[str]:
    """Yield each header, each key with its value, which may have several lines, each comment and each blank line."""
    start, depth = 0, 0
    for token in TOKEN.finditer(text):
        depth += token[0] in ("[", "{")
        depth -= token[0] in ("]", "}")
        if token[0] == "\n" and depth == 0:
            yield text[start : token.end()]
            start = token.end()
    if start < len(text):
        yield text[start:]


def _pair(
    tables: Sequence[Mapping[str, Any]], old: Sequence[_Table]
) -> Iterator[tuple[Mapping[str, Any], _Table | None]]:
    """Yield each new table with the old one whose lines it takes, if any."""
    by_name = {table.values.get("name"): table for table in old}
    named = {table["name"]: by_name[table["name"]] for table in tables if table.get("name") in by_name}
    rest = iter([table for table in old if not any(table is taken for taken in named.values())])
    for table in tables:
        yield table, named[table["name"]] if table.get("name") in named else next(rest, None)


def _write(key: str, table: Mapping[str, Any], source: _Table | None) -> str:
    """Write a table, with the lines of an old one as far as they stay."""
    if not source:
        return f"[[{key}]]\n" + "".join(f"{name} = {to_toml(value)}\n" for name, value in table.items())
    lines, missing = [source.statements[0]], dict(table)
    for statement in source.statements[1:]:
        pair = KEY.match(statement)
        name = _bare(pair["name"]) if pair else ""
        if not pair or (name in missing and table[name] == source.values.get(name)):
            lines.append(statement)
        elif name in missing:
            lines.append(_with_comments(f"{name} = {to_toml(table[name])}", statement))
        else:
            lines.append(_comments_of([statement]))
        missing.pop(name, None)
    lines = [_end_line(line) for line in lines]
    return "".join([*lines, *(f"{name} = {to_toml(value)}\n" for name, value in missing.items())])


def _with_comments(line: str, replaced: str) -> str:
    comments = _comments_of([replaced])
    return f"{line}  {comments}" if comments.count("\n") == 1 else f"{comments}{line}\n"


def _comments_of(statements: Iterable[str]) -> str:
    """The comments in statements, each on a line of its own."""
    tokens = (token[0] for statement in statements for token in TOKEN.finditer(statement))
    return "".join(token.rstrip("\r") + "\n" for token in tokens if token.startswith("#"))


def _bare(name: str) -> str:
    return name.strip("\"'")


def _end_line(text: str) -> str:
    return text if not text or text.endswith("\n") else f"{text}\n"
