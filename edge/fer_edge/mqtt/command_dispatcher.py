"""What the device can be told over MQTT: `cmd/<name>`, answered at `reply/<name>`."""

from __future__ import annotations

import json
import logging
import math
import re
from collections.abc import Callable, Mapping
from queue import Empty, Full, Queue
from typing import Any, NoReturn

from fer_edge.errors import FerError
from fer_edge.mqtt.publisher import Publisher

log = logging.getLogger(__name__)

Command = Callable[[dict[str, Any]], dict[str, Any]]  # the request without its transaction -> fields of the reply
MOST_BYTES = 1024  # of a request
WAITING = 16  # requests that wait for the next frame
AT_ONCE = 4  # requests that are answered between two frames


class CommandError(FerError):
    """A request that cannot be carried out; its text is the reply."""


class CommandDispatcher:
    """Hears requests in the client's thread and carries them out in the caller's, between two frames.

    A request is a JSON object, or nothing; its `transaction`, a number or a short text, comes back with the reply.
    Requests that the broker kept are not heard, or a `restart` would come again each time. More than WAITING at once
    are dropped, and counted in `dropped`.
    """

    def __init__(self, publisher: Publisher, commands: Mapping[str, Command]) -> None:
        self.dropped = 0
        self._publisher, self._commands = publisher, commands
        self._requests: Queue[tuple[str, bytes]] = Queue(WAITING)
        publisher.subscribe(f"{publisher.topic}/cmd/+", self._hear)

    def run(self) -> None:
        """Carry out what has been asked, a few requests at a time."""
        for _ in range(AT_ONCE):
            try:
                name, payload = self._requests.get_nowait()
            except Empty:
                return
            known = name if re.fullmatch(r"[a-z_]{1,32}", name) else "error"  # nobody else chooses our topics
            self._publisher.send(f"reply/{known}", self._reply(name, payload))

    def _hear(self, topic: str, payload: bytes, retained: bool) -> None:
        if retained:
            return
        try:
            self._requests.put_nowait((topic.rpartition("/")[2], payload[: MOST_BYTES + 1]))
        except Full:
            self.dropped += 1

    def _reply(self, name: str, payload: bytes) -> dict[str, Any]:
        reply: dict[str, Any] = {}
        try:
            request = _parse(payload)
            reply["transaction"] = _transaction(request)
            if name not in self._commands:
                raise CommandError(f"unknown command; known are {', '.join(sorted(self._commands))}")
            reply |= {"ok": True} | self._commands[name](request)
        except CommandError as error:
            reply |= {"ok": False, "error": str(error)}
        log.info("command %r: %s", name[:32], reply.get("error", "done"))
        return {key: value for key, value in reply.items() if value is not None}


def only(request: dict[str, Any], *keys: str) -> None:
    """Raise CommandError when a request has other keys than these."""
    for key in request:
        if key not in keys:
            raise CommandError(f"unknown key {key[:32]!a}; known are {', '.join(keys) or 'none'}")


def flag(request: dict[str, Any], key: str, default: bool) -> bool:
    """A truth value of a request. Raises CommandError when it is none."""
    value = request.get(key, default)
    if not isinstance(value, bool):
        raise CommandError(f"{key} must be true or false")
    return value


def number(request: dict[str, Any], key: str, low: float, high: float) -> float:
    """A number of a request, from `low` to `high`. Raises CommandError when it is none."""
    value = request[key]
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise CommandError(f"{key} must be a number from {low:g} to {high:g}")
    return float(value)


def _parse(payload: bytes) -> dict[str, Any]:
    if len(payload) > MOST_BYTES:
        raise CommandError(f"a request may have {MOST_BYTES} bytes at most")
    try:
        request = json.loads(payload or b"{}", parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise CommandError("a request must be a JSON object, or empty") from error
    if not isinstance(request, dict):
        raise CommandError("a request must be a JSON object, or empty")
    return request


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


def _transaction(request: dict[str, Any]) -> Any:
    transaction = request.pop("transaction", None)
    if isinstance(transaction, str) and len(transaction) <= 64 and transaction.isprintable():
        return transaction
    if transaction is None or (type(transaction) in (int, float) and math.isfinite(transaction)):
        return transaction
    raise CommandError("transaction must be a number, or a text of up to 64 characters")
