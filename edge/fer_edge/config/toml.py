"""The settings as TOML: what holds, and an example file. `python -m fer_edge.config.toml` prints the example."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterable
from itertools import groupby
from typing import Any

from fer_edge.config.broker import without_password
from fer_edge.config.loader import Resolved
from fer_edge.config.schema import SETTINGS, Setting

WIDTH = 116  # letters of a line of explanation
HEAD = """\
# /etc/fer-edge/config.toml: every setting at its default. Take the # away from those that you change.
# `fer-edge --check` tells whether it will work, `fer-edge --print-config` what holds: the environment wins over this
# file, and flags over both. Password and token do not belong here: see mqtt.password_file, web.token_file.
"""


def as_toml(resolved: Iterable[Resolved]) -> str:
    """What holds, as TOML, and where each value comes from. The passwords of addresses are hidden."""
    lines: list[str] = []
    for section, group in groupby(resolved, key=lambda each: each.setting.section):
        lines += ["", f"[{section}]"] if lines else [f"[{section}]"]
        lines += [_line(each) for each in group]
    return "\n".join(lines) + "\n"


def example() -> str:
    """The example file: every key commented out, at its default."""
    lines = [HEAD]
    for section, group in groupby(SETTINGS, key=lambda setting: setting.section):
        lines.append(f"[{section}]")
        lines += [_example_lines(setting) for setting in group]
    return "\n".join(lines)


def hidden(text: str) -> str:
    """A text in which the password of an address, and what follows a `?` in one, is hidden."""
    return re.sub(r"(\w+://[^?\s]*)\?.*", r"\1?***", without_password(text))


def _line(each: Resolved) -> str:
    name = each.setting.key.partition(".")[2]
    if each.value is None:
        return f"# {name}: {each.setting.default_words} (default)"
    value = hidden(each.value) if isinstance(each.value, str) else each.value
    return f"{name} = {_toml(value)}  # {each.origin.name if each.origin else 'default'}"


def _example_lines(setting: Setting) -> str:
    shown = setting.default if setting.example is None else setting.example
    told = textwrap.wrap(setting.help + (f" (default: {setting.unset})" if setting.unset else ""), WIDTH)
    return "".join(f"# {line}\n" for line in told) + f"#{setting.key.partition('.')[2]} = {_toml(shown)}\n"


def _toml(value: Any) -> str:
    """A text, number or truth value as TOML, whose texts are JSON's but for the one letter that JSON lets stand."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


if __name__ == "__main__":
    print(example(), end="")  # noqa: T201  it is a command
