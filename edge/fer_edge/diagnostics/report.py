"""fer-edge --check: looks at all that a run needs, part by part, and says what is wrong and what helps."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator

from fer_edge.config.loader import Resolved, make_config, name_setting
from fer_edge.config.model import Config
from fer_edge.diagnostics.checks import check_accelerator, check_broker, check_camera, check_model, check_outbox
from fer_edge.diagnostics.finding import Finding, fail, ok
from fer_edge.diagnostics.machine import check_clock, check_permissions, check_temperature
from fer_edge.diagnostics.page import check_page
from fer_edge.errors import FerError

CHECKS: dict[str, Callable[[Config], Finding]] = {
    "model": check_model,
    "accelerator": check_accelerator,
    "camera": check_camera,
    "broker": check_broker,
    "outbox": check_outbox,
    "page": check_page,
    "permissions": check_permissions,
    "clock": lambda config: check_clock(),
    "temperature": lambda config: check_temperature(),
}


def examine(gather: Callable[[], list[Resolved]]) -> Iterator[tuple[str, Finding]]:
    """Each part, by its name, as it is found. The configuration comes first, and alone when it cannot be used."""
    try:
        resolved = gather()
        config = make_config(resolved)
    except FerError as error:
        yield "configuration", fail(str(error))
        return
    origins = dict.fromkeys(each.origin.name for each in resolved if each.origin)
    yield "configuration", ok(", ".join(origins) or "nothing is set, all is by default")
    for part, check in CHECKS.items():
        try:
            yield part, check(config)
        except FerError as error:
            yield part, fail(str(name_setting(error, resolved)))


def line(part: str, finding: Finding) -> str:
    """A finding for a person."""
    return f"{finding.level:<4} {part:<13} {' '.join(finding.text.split())}"


def as_json(findings: Iterable[tuple[str, Finding]]) -> str:
    """All findings for a program: `ok`, and of each part `level` (ok, warn, fail) and `text`."""
    parts = {part: {"level": finding.level.lower(), "text": finding.text} for part, finding in findings}
    return json.dumps({"ok": all(told["level"] != "fail" for told in parts.values()), "parts": parts}, indent=2)
