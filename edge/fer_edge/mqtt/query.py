"""Queries a running device for its state and health, by way of the broker."""

from __future__ import annotations

import json
import os
from typing import Any

import paho.mqtt.client as paho

from fer_edge.config.broker import Broker
from fer_edge.mqtt.exchange import BrokerExchange, ExchangeError, Message, NoAnswerError
from fer_edge.mqtt.paho_client import ConnectionSettings
from fer_edge.mqtt.topics import RETAINED_NAMES, device_topic

TIMEOUT = 12.0  # seconds for the network and the answer
REPLY = "reply/health"
MAX_LINE = 400  # characters
MAX_DURATION = 1e10  # seconds


def query_device(
    broker: Broker, password: str | None, device: str, *, timeout: float = TIMEOUT
) -> dict[str, dict[str, Any] | None]:
    """Read what the broker retains of a device, and ask the device for its health.

    Args:
        broker: The broker.
        password: Of its user, or None.
        device: Name of the device.
        timeout: Seconds for the network and the answer.

    Returns:
        The messages `info`, `state` and `health` by their names, `health` as of now.

    Raises:
        ExchangeError: The broker cannot be reached, does not know the device or knows it as offline, or the device does
            not answer.
    """
    received: dict[str, Any] = {}
    topic, client_id = device_topic(device), f"fer-edge-status-{device}-{os.getpid()}"

    def on_message(message: paho.MQTTMessage) -> None:
        name = message.topic.removeprefix(f"{topic}/")
        payload = _parse(name, bytes(message.payload))
        if name != REPLY:
            received[name] = payload
        elif payload.get("transaction") == client_id:
            received["health"] = _as_object(payload.get("health"))

    exchange = BrokerExchange(
        [Message(f"{topic}/cmd/health", json.dumps({"transaction": client_id}))],
        [f"{topic}/{name}" for name in (*RETAINED_NAMES, REPLY)],
        on_message,
    )
    try:
        exchange.run(
            ConnectionSettings(broker, password, client_id),
            timeout,
            answered=lambda: "health" in received or received.get("status") == "offline",
        )
    except NoAnswerError as error:
        raise _no_answer(device, timeout, known="status" in received) from error
    if "health" not in received:
        raise ExchangeError(f"{device} is offline")
    return {name: received.get(name) for name in ("info", "state", "health")}


def _parse(name: str, payload: bytes) -> Any:
    """A status as text, any other message as an object; empty if another program has published something else."""
    try:
        if name == "status":
            return payload.decode()
        value = json.loads(payload)
        json.dumps(value, allow_nan=False)  # Python reads NaN, Infinity and 1e999, none of which it may print as JSON
        return _as_object(value)
    except (ValueError, RecursionError):
        return {}


def _as_object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _no_answer(device: str, timeout: float, *, known: bool) -> ExchangeError:
    if known:
        return ExchangeError(f"{device} is online but does not answer within {timeout:.0f} seconds")
    return ExchangeError(
        f"the broker knows no device {device}", cure="is its service on this broker, and --device the same?"
    )


def format_status(device: str, answers: dict[str, dict[str, Any] | None]) -> list[str]:
    """The answers of `query_device` as lines for a person."""
    info, state, health = (answers[name] or {} for name in ("info", "state", "health"))
    rate = f"{health.get('fps')} fps, {health.get('dropped')} frames dropped"
    camera = rate if health.get("camera") == "ok" else health.get("camera")
    degraded = f"; degraded: {health['degraded']}" if health.get("degraded") else ""
    celsius = health.get("temperature_c")
    faces = f"{state.get('faces')}"
    if state.get("faces"):
        faces += f", {state['emotion']} {state.get('score')}" if state.get("emotion") else ", unsure"
    lines = [
        f"device       {device}, online for {_format_duration(health.get('uptime_s'))}, version {info.get('version')}",
        f"model        {_as_object(info.get('model')).get('name')}",
        f"accelerator  {health.get('accelerator')}",
        f"detector     {info.get('detector')}",
        f"camera       {info.get('camera')}: {'paused' if state.get('paused') else camera}",
        f"faces        {faces}",
        f"events       {health.get('queue')} waiting, {health.get('lost')} lost, {health.get('refused')} refused",
        f"machine      {'no thermometer' if celsius is None else f'{celsius} °C'}, {health.get('rss_mb')} MB{degraded}",
    ]
    return [_printable(line) for line in lines]


def _printable(line: str) -> str:
    """The line without what could control a terminal: another program may have published it."""
    return "".join(character if character.isprintable() else "?" for character in line[:MAX_LINE])


def _format_duration(seconds: object) -> str:
    if not isinstance(seconds, int | float) or not 0 <= seconds < MAX_DURATION:
        return "an unknown time"
    minutes, hours, days = int(seconds // 60), int(seconds // 3600), int(seconds // 86400)
    if days:
        return f"{days} d {hours % 24} h"
    return f"{hours} h {minutes % 60} min" if hours else f"{minutes} min {int(seconds) % 60} s"
