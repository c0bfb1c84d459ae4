"""The queries of a Grafana dashboard, with values in place of its variables, as Grafana sends them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

VARIABLE = re.compile(r"\$(?:\{(\w+)(?::(\w+))?\}|(\w+))")


def queries(dashboard: Path, **values: str) -> dict[str, list[str]]:
    """The queries of each panel by its title, and of each variable by its name.

    Args:
        dashboard: The file of the dashboard.
        values: A value for each of the dashboard's variables and for the built-in ones, such as `__from`, that it uses.

    Returns:
        PromQL or SQL, ready to be run.

    Raises:
        KeyError: A query uses a variable that has no value.
    """
    content = json.loads(dashboard.read_text())
    found = {panel["title"]: [_text(target) for target in panel["targets"]] for panel in content["panels"]}
    for variable in content["templating"]["list"]:
        if variable["type"] == "query":
            found[variable["name"]] = [_text(variable["query"])]
    return {name: [_substitute(text, values) for text in texts] for name, texts in found.items()}


def _text(query: Any) -> str:
    if isinstance(query, str):
        return query
    return str(next(query[key] for key in ("expr", "rawQueryText", "query") if key in query))


def _substitute(text: str, values: dict[str, str]) -> str:
    def value(match: re.Match[str]) -> str:
        found = values[match[1] or match[3]]
        return f"'{found}'" if match[2] == "singlequote" else found

    return VARIABLE.sub(value, text)
