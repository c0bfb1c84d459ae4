"""A command dispatcher without a broker: tests hand it requests and read its replies."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from tests.support.clock import NOON

from fer_edge.config.model import PipelineOptions
from fer_edge.mqtt.command_dispatcher import CommandDispatcher
from fer_edge.mqtt.commands import COMMANDS, Command, CommandContext
from fer_edge.mqtt.run_settings import RunSettings, SettingsFile
from fer_edge.run.controls import RunControls


class FakePublisher:
    """Delivers requests as a broker would, and records what is published.

    Attributes:
        sent: Names and payloads of the messages that are not retained.
        retained: The same of the retained ones, without repetitions.
        texts: Names and payloads of the messages that are no JSON.
        connected: Whether it accepts a text.
    """

    topic = "fer/cam"

    def __init__(self) -> None:
        self.sent: list[tuple[str, dict[str, Any]]] = []
        self.retained: list[tuple[str, dict[str, Any]]] = []
        self.texts: list[tuple[str, str]] = []
        self.connected = True
        self._handler: Callable[[str, bytes, bool], None] | None = None

    def subscribe(self, pattern: str, handler: Callable[[str, bytes, bool], None]) -> None:
        assert pattern == "fer/cam/cmd/+"
        self._handler = handler

    def receive(self, name: str, payload: bytes = b"", *, retained: bool = False) -> None:
        """Deliver a request for the command `name`."""
        assert self._handler
        self._handler(f"fer/cam/cmd/{name}", payload, retained)

    def send(self, name: str, payload: dict[str, Any]) -> bool:
        json.dumps(payload, allow_nan=False, ensure_ascii=False).encode()  # must be JSON in UTF-8
        self.sent.append((name, payload))
        return True

    def send_text(self, name: str, text: str) -> bool:
        self.texts.append((name, text))
        return self.connected

    def check(self) -> None:
        """Nothing has failed."""

    def retain(self, name: str, payload: dict[str, Any], expiry: int | None = None) -> None:
        if not self.retained or self.retained[-1] != (name, payload):
            self.retained.append((name, payload))


class FakePipeline:
    """Holds the options that `set` changes."""

    def __init__(self) -> None:
        self.options = PipelineOptions()

    def adjust(self, options: PipelineOptions) -> None:
        self.options = options


class CommandBench:
    """A dispatcher with the commands of a run."""

    def __init__(
        self,
        *,
        allow_snapshots: bool = False,
        commands: Mapping[str, Command] = COMMANDS,
        settings_file: SettingsFile | None = None,
    ) -> None:
        self.publisher, self.pipeline = FakePublisher(), FakePipeline()
        self.controls = RunControls(self.pipeline)  # type: ignore[arg-type]
        self.context = CommandContext(
            self.controls,
            RunSettings(self.pipeline, settings_file),
            lambda jpeg: self.publisher.send_text("image", jpeg),
            lambda: {"fps": 7.5},
            lambda: NOON,
            allow_snapshots,
        )
        self.dispatcher = CommandDispatcher(self.publisher, self.context, commands)

    def request(self, name: str, payload: object = None) -> dict[str, Any]:
        """Send a request, as bytes or as a value to encode; return the reply."""
        raw = payload if isinstance(payload, bytes) else b"" if payload is None else json.dumps(payload).encode()
        self.publisher.receive(name, raw)
        self.dispatcher.run()
        return self.publisher.sent.pop()[1]
