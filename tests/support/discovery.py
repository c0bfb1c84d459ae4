"""The discovery message of a device, its entities, and what their templates yield in Jinja's own sandbox."""

from __future__ import annotations

import json
from typing import Any

from jinja2 import StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from fer_edge.clock import Clock
from fer_edge.monitoring.health import Health
from fer_edge.monitoring.timing import StageTimer
from fer_edge.mqtt.homeassistant.message import discovery_message

INFO = {"version": "1.2.3", "model": {"name": "base", "sha256": "0" * 64}, "labels": ["happy", "sad", "so-so"]}
NOBODY = dict.fromkeys(("emotion", "score", "scores", "problem"))
STATE = {"faces": 0, **NOBODY, "observing": True, "paused": False}
# Names that owners may choose, of which none may break a template or a key.
NAMES = [
    "sofa",
    "Sofa",
    "so fa",
    "so-fa",
    "by the door",
    "Tür",
    "门",
    '"',
    "\\",
    "'",
    "{{ 1 }}",
    "}}",
    "%}{% raw %}",
    "a" * 64,
]


def entities(topic: str = "fer/a", **info: Any) -> dict[str, dict[str, Any]]:
    """The components of the discovery message of the device `a`, with these members of `info`."""
    return dict(discovery_message(topic, "a", {**INFO, **info})["components"])


def render(entity: dict[str, Any], payload: object, template: str = "value_template") -> str:
    """What a template of an entity yields for a payload: an object, or the text of one; for a command, the value."""
    text = payload if isinstance(payload, str) else json.dumps(payload)
    compiled = ImmutableSandboxedEnvironment(undefined=StrictUndefined).from_string(entity[template])
    value = payload if template == "command_template" else text
    return compiled.render(value=value, value_json=json.loads(text))


class _Camera:
    dropped, problem = 3, None


def health_message() -> dict[str, Any]:
    """The message `health` of a daemon that has processed a frame."""
    timer = StageTimer(Clock())
    counts = {"queue": 0, "lost": 2, "refused": 0}
    health = Health(_Camera(), timer, "cpu", lambda: counts, Clock())  # type: ignore[arg-type]
    with timer.stage("step"):
        timer.frames += 1
    return health.message()
