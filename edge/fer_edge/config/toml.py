"""The settings as TOML: values in force, and the example file that `python -m fer_edge.config.toml` prints."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from typing import Any

from fer_edge.config.addresses import hide_secrets
from fer_edge.config.loader import Resolved
from fer_edge.config.schema import SETTINGS, TABLES
from fer_edge.config.setting import Setting

WIDTH = 116  # characters of a comment line
HEAD = """\
# /etc/fer-edge/config.toml: every setting at its default. Remove the # from those that you change.
# `fer-edge --check` tests whether it works, `fer-edge --print-config` prints the values in force: the environment
# overrides this file, and flags override both. Password and token do not belong here: see mqtt.password_file and
# web.token_file.
"""


def as_toml(resolved: Iterable[Resolved]) -> str:
    """Return the values in force as TOML, each with its origin. Secrets in addresses are hidden."""
    lines: list[str] = []
    for section, group in groupby(resolved, key=lambda each: each.setting.section):
        if section in {table.key for table in TABLES}:
            lines += [line for each in group for line in _array_lines(each)]
        else:
            lines += ["", f"[{section}]"] if lines else [f"[{section}]"]
            lines += [_line(each) for each in group]
    return "\n".join(lines) + "\n"


def example() -> str:
    """Return the example file: every key commented out, at its default."""
    lines = [HEAD]
    for section, group in groupby(SETTINGS, key=lambda setting: setting.section):
        lines.append(f"[{section}]")
        lines += [_example_lines(setting) for setting in group]
    for setting in TABLES:
        tables = [f"#{line}\n" for table in setting.example for line in _table_lines(setting, table)]
        lines.append(_comment(setting) + "".join(tables))
    return "\n".join(lines)


def _line(each: Resolved) -> str:
    name = each.setting.name
    if each.value is None:
        return f"# {name}: {each.setting.describe_default()} (default)"
    value = hide_secrets(each.value) if each.setting.is_address else each.value
    return f"{name} = {to_toml(value)}  # {each.origin.name if each.origin else 'default'}"


def _array_lines(each: Resolved) -> Iterator[str]:
    if not each.value:
        yield from ("", f"# {each.setting.key}: {each.setting.describe_default()} (default)")
    for table in each.value:
        head, *rest = _table_lines(each.setting, table)
        yield from ("", f"{head}  # {each.origin.name if each.origin else 'default'}", *rest)


def _table_lines(setting: Setting, table: Mapping[str, Any]) -> list[str]:
    return [f"[[{setting.key}]]", *(f"{key} = {to_toml(value)}" for key, value in table.items())]


def _example_lines(setting: Setting) -> str:
    value = setting.default if setting.example is None else setting.example
    return _comment(setting) + f"#{setting.name} = {to_toml(value)}\n"


def _comment(setting: Setting) -> str:
    default = f" (default: {setting.default_text})" if setting.default_text else ""
    return "".join(f"# {line}\n" for line in textwrap.wrap(setting.help + default, WIDTH))


def to_toml(value: Any) -> str:
    """Write a text, number, truth value or list as TOML: that is JSON, but with DEL escaped in texts."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


if __name__ == "__main__":
    print(example(), end="")  # noqa: T201 - it is a command
