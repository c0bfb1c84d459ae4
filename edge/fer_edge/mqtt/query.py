"""How the running service fares: asked at the broker, answered by the service itself."""

from __future__ import annotations

import json
import os
import time
from typing import Any

import paho.mqtt.client as paho

from fer_edge.config.broker import Broker
from fer_edge.errors import FerError
from fer_edge.mqtt.client import Client
from fer_edge.mqtt.connection import Connection, ConnectionSettings

TIMEOUT = 12.0  # seconds for the network and for the answer
POLL_INTERVAL = 0.1  # seconds between two looks when nothing calls
TOLD = ("status", "info", "state")  # what the broker keeps of a device under `fer/DEVICE/`
ANSWER = "reply/health"


class StatusError(FerError):
    """The service does not answer."""


def ask(broker: Broker, password: str | None, device: str, *, timeout: float = TIMEOUT) -> dict[str, Any]:
    """The messages `info`, `state` and `health` of a device, as objects of JSON, `health` as it is now.

    Raises StatusError when the broker is not there, does not know the device or knows it as offline, or when the device
    does not answer within `patience` seconds.
    """
    told: dict[str, Any] = {}
    me = f"fer-edge-status-{device}-{os.getpid()}"

    def greet(link: Connection) -> None:
        for name in (*TOLD, ANSWER):
            link.subscribe(f"fer/{device}/{name}")
        link.publish(f"fer/{device}/cmd/health", json.dumps({"transaction": me}))

    def hear(message: paho.MQTTMessage) -> None:
        name = message.topic.removeprefix(f"fer/{device}/")
        payload = _read(name, bytes(message.payload))
        if name != ANSWER:
            told[name] = payload
        elif payload.get("transaction") == me:
            told["health"] = payload.get("health")

    connection = Client(ConnectionSettings(broker, password, me, None), greet, hear)
    try:
        _await_answer(connection, told, device, timeout)
    finally:
        connection.close()
    return {name: told.get(name) for name in ("info", "state", "health")}


def _read(name: str, payload: bytes) -> Any:
    try:
        return payload.decode() if name == "status" else json.loads(payload)
    except ValueError:  # not of our making
        return {}


def _await_answer(connection: Client, told: dict[str, Any], device: str, timeout: float) -> None:
    deadline = time.monotonic() + timeout
    while "health" not in told:
        if told.get("status") == "offline":
            raise StatusError(f"{device} is offline")
        if time.monotonic() > deadline:
            raise StatusError(_silence(connection, told, device, timeout))
        connection.changed.wait(POLL_INTERVAL)
        connection.changed.clear()


def _silence(connection: Client, told: dict[str, Any], device: str, timeout: float) -> str:
    if not connection.link:
        return f"broker {connection.problem}"
    if "status" not in told:
        return f"the broker knows no device {device}: is its service on this broker, and --device the same?"
    return f"{device} is online but does not answer within {timeout:.0f} seconds"


def lines(device: str, told: dict[str, Any]) -> list[str]:
    """What `ask` returned, for a person."""
    info, state, health = (told[name] or {} for name in ("info", "state", "health"))
    dropped = f"{health.get('fps')} fps, {health.get('dropped')} frames dropped"
    camera = dropped if health.get("camera") == "ok" else health.get("camera")
    less = f"; degraded: {health['degraded']}" if health.get("degraded") else ""
    degrees = health.get("temperature_c")
    faces = f"{state.get('faces')}"
    if state.get("emotion"):
        faces += f", {state['emotion']} {state.get('score')}"
    return [
        f"device       {device}, online for {_duration(health.get('uptime_s') or 0)}, version {info.get('version')}",
        f"model        {(info.get('model') or {}).get('name')}",
        f"accelerator  {health.get('accelerator')}",
        f"camera       {info.get('camera')}: {'paused' if state.get('paused') else camera}",
        f"faces        {faces}",
        f"events       {health.get('queue')} wait, {health.get('lost')} lost, {health.get('refused')} refused",
        f"machine      {'no thermometer' if degrees is None else f'{degrees} °C'}, {health.get('rss_mb')} MB{less}",
    ]


def _duration(seconds: float) -> str:
    minutes, hours, days = int(seconds // 60), int(seconds // 3600), int(seconds // 86400)
    if days:
        return f"{days} d {hours % 24} h"
    return f"{hours} h {minutes % 60} min" if hours else f"{minutes} min {int(seconds) % 60} s"
