"""Receives commands, has them carried out between two frames, and replies."""

from __future__ import annotations

import json
import logging
import math
import re
from collections.abc import Callable, Mapping
from queue import Empty, Full, Queue
from typing import Any, NoReturn, Protocol

from fer_edge.mqtt.commands import COMMANDS, Command, CommandContext, CommandError

log = logging.getLogger(__name__)

MAX_REQUEST_BYTES = 1024
MAX_WAITING_REQUESTS = 16  # further ones are dropped
REQUESTS_PER_FRAME = 4  # carried out between two frames
MAX_QUOTED = 32  # characters of a name or key in a reply or log line
MAX_TRANSACTION = 64  # characters
MAX_INTEGER = 2**63  # of a transaction: what JSON readers of other languages can hold


class Channel(Protocol):
    """Receives requests and sends replies; the Publisher."""

    @property
    def topic(self) -> str:
        """The topic under which the topics of the device lie."""
        ...

    def subscribe(self, pattern: str, handler: Callable[[str, bytes, bool], None]) -> None:
        """Call `handler` with topic, payload and retain flag of each message whose topic matches."""
        ...

    def send(self, name: str, payload: dict[str, Any]) -> bool:
        """Publish a message that is not retained."""
        ...


class CommandDispatcher:
    """Receives requests in the client's thread and carries them out in the caller's.

    A request is a JSON object, or empty. Its `transaction`, a number or a short text, is repeated in the reply.
    Requests that the broker has retained are ignored, or a `restart` would be repeated on each connection.

    Attributes:
        dropped: Number of requests dropped because MAX_WAITING_REQUESTS were waiting.
    """

    def __init__(self, channel: Channel, context: CommandContext, commands: Mapping[str, Command] = COMMANDS) -> None:
        self.dropped = 0
        self._channel, self._context, self._commands = channel, context, commands
        self._requests: Queue[tuple[str, bytes]] = Queue(MAX_WAITING_REQUESTS)
        channel.subscribe(f"{channel.topic}/cmd/+", self._on_message)

    def run(self) -> None:
        """Carry out waiting requests, at most REQUESTS_PER_FRAME, and reply to each."""
        for _ in range(REQUESTS_PER_FRAME):
            try:
                name, payload = self._requests.get_nowait()
            except Empty:
                return
            # The sender must not be able to choose an arbitrary topic for the reply.
            reply_name = name if re.fullmatch(r"[a-z_]{1,32}", name) else "error"
            self._channel.send(f"reply/{reply_name}", self._reply(name, payload))

    def _on_message(self, topic: str, payload: bytes, retained: bool) -> None:
        if retained:
            return
        try:
            self._requests.put_nowait((topic.rpartition("/")[2], payload[: MAX_REQUEST_BYTES + 1]))
        except Full:
            self.dropped += 1

    def _reply(self, name: str, payload: bytes) -> dict[str, Any]:
        reply: dict[str, Any] = {}
        try:
            request = _parse(payload)
            reply["transaction"] = _take_transaction(request)
            reply |= {"ok": True} | self._carry_out(name, request)
        except CommandError as error:
            reply |= {"ok": False, "error": str(error)}
        except Exception as error:  # noqa: BLE001 - whatever a request contains, it must not end the run
            log.error("command %r: unexpected error: %.200r", name[:MAX_QUOTED], error)
            reply |= {"ok": False, "error": "unexpected error; the log has the reason"}
        outcome = f"refused: {reply['error']}" if "error" in reply else "done"
        log.info("command %r %s", name[:MAX_QUOTED], outcome)
        return {key: value for key, value in reply.items() if value is not None}

    def _carry_out(self, name: str, request: dict[str, Any]) -> dict[str, Any]:
        if name not in self._commands:
            raise CommandError(f"unknown command; known are {', '.join(sorted(self._commands))}")
        command = self._commands[name]
        return command.handler(self._context, **_check_values(request, command))


def _check_values(request: dict[str, Any], command: Command) -> dict[str, Any]:
    """The values in a request, once all of them are what the command accepts."""
    for key in request:
        if key not in command.keys:
            raise CommandError(f"unknown key {key[:MAX_QUOTED]!a}; known are {', '.join(command.keys) or 'none'}")
    return {key: _check_value(key, value, command) for key, value in request.items()}


def _check_value(key: str, value: object, command: Command) -> object:
    value_type = command.keys[key]
    try:
        return value_type.check(value)
    except ValueError as error:
        raise CommandError(f"{key} must be {value_type.description}") from error


def _parse(payload: bytes) -> dict[str, Any]:
    if len(payload) > MAX_REQUEST_BYTES:
        raise CommandError(f"a request may have at most {MAX_REQUEST_BYTES} bytes")
    try:
        request = json.loads(payload or b"{}", parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise CommandError("a request must be a JSON object, or empty") from error
    if not isinstance(request, dict):
        raise CommandError("a request must be a JSON object, or empty")
    return request


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")  # Python reads NaN and Infinity


def _take_transaction(request: dict[str, Any]) -> Any:
    """Remove the transaction from a request and return it."""
    transaction: Any = request.pop("transaction", None)
    if isinstance(transaction, str) and len(transaction) <= MAX_TRANSACTION and transaction.isprintable():
        return transaction
    if transaction is None or (type(transaction) is int and abs(transaction) < MAX_INTEGER):
        return transaction
    if type(transaction) is float and math.isfinite(transaction):
        return transaction
    raise CommandError(f"transaction must be a number, or a text of up to {MAX_TRANSACTION} characters")
