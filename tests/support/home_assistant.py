"""A real Home Assistant in a separate process: tests/homeassistant/home.py, run in its own environment."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import IO, Any

from tests.support.waiting import wait_until

PYTHON = os.environ.get("FER_EDGE_HOMEASSISTANT", "")
PROGRAMS = Path(__file__).parents[1] / "homeassistant"
START_TIMEOUT = 120.0  # seconds until it has started and knows a device, on a busy machine
STOP_TIMEOUT = 120.0  # seconds
EXAMPLES = Path(__file__).parents[2] / "edge" / "examples" / "homeassistant"


class HomeAssistant:
    """A running Home Assistant with the blueprints of the examples.

    Attributes:
        folder: Its configuration.
    """

    def __init__(self, folder: Path, port: int, configuration: str = "") -> None:
        """Start it at the broker at `port`, with a configuration.yaml in `folder`."""
        self.folder = folder
        self._out, self._err = folder / "home.jsonl", folder / "home.log"
        (folder / "configuration.yaml").write_text(configuration)
        copy_examples(folder)
        self._process = subprocess.Popen(
            [PYTHON, str(PROGRAMS / "home.py"), str(port), str(folder)],
            stdin=subprocess.PIPE,
            stdout=self._out.open("w"),
            stderr=self._err.open("w"),
            text=True,
        )

    def lines(self) -> list[dict[str, Any]]:
        """What it has printed so far."""
        return [json.loads(line) for line in self._out.read_text().splitlines(keepends=True) if line.endswith("\n")]

    def states(self) -> dict[str, str | None]:
        """The state of each entity; None for one that was removed."""
        return {line["entity"]: line["state"] for line in self.lines() if "entity" in line}

    def attributes(self, entity: str) -> dict[str, Any]:
        """The attributes of an entity."""
        found = [line["attributes"] for line in self.lines() if line.get("entity") == entity]
        return dict(found[-1]) if found else {}

    def notifications(self) -> list[tuple[str, str]]:
        """Titles and texts of the notifications so far."""
        return [(line["notification"], line["message"]) for line in self.lines() if "notification" in line]

    def request(self, **request: Any) -> Any:
        """Send a request, see home.py; return its answer."""
        before = len(self._answers())
        stdin: IO[str] = self._process.stdin  # type: ignore[assignment]
        stdin.write(json.dumps(request) + "\n")
        stdin.flush()
        wait_until(lambda: len(self._answers()) > before or self._process.poll() is not None)
        return self._answers()[before]["answer"]

    def call(self, action: str, entity: str, **data: Any) -> None:
        """Call an action on an entity."""
        self.request(call=action, data={"entity_id": entity, **data})

    def warnings(self, *names: str) -> list[str]:
        """Lines of the log about MQTT, automations, or what is named."""
        words = ("components.mqtt", "components.automation", "components.blueprint", *names)
        return [line for line in self._err.read_text().splitlines() if any(word in line for word in words)]

    def close(self) -> None:
        self._process.communicate(timeout=STOP_TIMEOUT)

    def _answers(self) -> list[dict[str, Any]]:
        return [line for line in self.lines() if "answer" in line]


def copy_examples(folder: Path) -> None:
    """Copy the blueprints and the dashboard into a configuration folder."""
    shutil.copytree(EXAMPLES / "blueprints", folder / "blueprints" / "automation" / "fer-edge")
    shutil.copy(EXAMPLES / "dashboard.yaml", folder)


def walk(value: Any) -> list[str]:
    """Every text in a value of JSON."""
    if isinstance(value, dict):
        return list(itertools.chain.from_iterable(map(walk, value.values())))
    if isinstance(value, list):
        return list(itertools.chain.from_iterable(map(walk, value)))
    return [value] if isinstance(value, str) else []
