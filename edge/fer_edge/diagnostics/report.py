"""`fer-edge --check`: checks everything that a run needs, part by part, and reports what fails and how to fix it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator

from fer_edge.config.loader import Resolved, make_config, name_setting
from fer_edge.config.model import Config
from fer_edge.diagnostics.broker import check_broker
from fer_edge.diagnostics.camera import check_camera
from fer_edge.diagnostics.finding import Finding, fail, ok
from fer_edge.diagnostics.history import check_history
from fer_edge.diagnostics.machine import check_clock, check_permissions, check_temperature
from fer_edge.diagnostics.model import check_accelerator, check_detector, check_model
from fer_edge.diagnostics.outbox import check_outbox
from fer_edge.diagnostics.page import check_page
from fer_edge.errors import FerError

CHECKS: dict[str, Callable[[Config], Finding]] = {
    "model": check_model,
    "accelerator": check_accelerator,
    "detector": check_detector,
    "camera": check_camera,
    "broker": check_broker,
    "outbox": check_outbox,
    "history": check_history,
    "page": check_page,
    "permissions": check_permissions,
    "clock": lambda config: check_clock(),
    "temperature": lambda config: check_temperature(),
}


def run_checks(resolve: Callable[[], list[Resolved]]) -> Iterator[tuple[str, Finding]]:
    """Yield the name and the finding of each part, as soon as it is checked.

    The configuration, which `resolve` reads, comes first; if it is unusable, nothing else is checked.
    """
    try:
        resolved = resolve()
        config = make_config(resolved)
    except FerError as error:
        yield "configuration", fail(str(error))
        return
    yield "configuration", ok(_describe_origins(resolved, config))
    for part, check in CHECKS.items():
        try:
            yield part, check(config)
        except FerError as error:
            yield part, fail(str(name_setting(error, resolved)))


def _describe_origins(resolved: Iterable[Resolved], config: Config) -> str:
    """Where the settings come from, and the zones, if any."""
    origins = dict.fromkeys(each.origin.name for each in resolved if each.origin)
    text = ", ".join(origins) or "nothing is set, all settings have their defaults"
    zones = [f"{zone.name} (ignored)" if zone.ignored else zone.name for zone in config.pipeline.zones]
    return f"{text}; zones: {', '.join(zones)}" if zones else text


def format_line(part: str, finding: Finding) -> str:
    """Return a finding as a line for a person."""
    return f"{finding.level:<4} {part:<13} {' '.join(finding.text.split())}"


def as_json(findings: Iterable[tuple[str, Finding]]) -> str:
    """Return all findings for a program: `ok`, and `parts` with the `level` (ok, warn, fail) and `text` of each."""
    parts = {part: {"level": finding.level.lower(), "text": finding.text} for part, finding in findings}
    return json.dumps({"ok": all(part["level"] != "fail" for part in parts.values()), "parts": parts}, indent=2)
