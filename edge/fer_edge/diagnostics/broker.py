"""Connects to the broker and publishes a message."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping

from fer_edge.config.broker import read_password
from fer_edge.config.model import Config
from fer_edge.diagnostics.finding import Finding, fail, ok
from fer_edge.mqtt.client import Client
from fer_edge.mqtt.connection import Connection, ConnectionSettings

TIMEOUT = 15.0  # seconds to connect, and for the acknowledgement of a message
POLL_INTERVAL = 0.1  # seconds

CURES = {
    "refuses messages": "look at the broker's access list",
    "not authorized": "look at the user in mqtt.url and at the password",
    "user name": "look at the user in mqtt.url and at the password",
    "key usage": "Python 3.13 insists: make the authority anew, with keyUsage=critical,keyCertSign",
    "authority key identifier": "Python 3.13 insists: make the certificate anew, with authorityKeyIdentifier=keyid",
    "certificate": "mqtt.ca must hold who signed it, and mqtt.url the name that it was made for",
    "no tls": "mqtts:// needs the broker's port for TLS, 8883 as a rule",
    "connection refused": "start the broker there, or look at the port in mqtt.url",
    "not known": "look at the host in mqtt.url",
    "timed out": "look at the host in mqtt.url, and for a firewall before it",
    "mqtt answer": "look at the port in mqtt.url",
}


def check_broker(config: Config, environment: Mapping[str, str] = os.environ) -> Finding:
    """Check that the broker accepts the login and a message at fer/DEVICE/check, which is not retained.

    Raises UsageError when the password cannot be read.
    """
    broker = config.broker
    if not broker:
        return ok("not configured")
    sent: list[int] = []
    topic = f"fer/{config.device}/check"

    def on_connect(connection: Connection) -> None:
        sent.append(connection.publish(topic, ""))

    login = ConnectionSettings(broker, read_password(broker, environment), f"fer-edge-check-{config.device}", None)
    client = Client(login, on_connect, lambda message: None)
    try:
        version, problem = _await_answer(client, sent)
    finally:
        client.close()
    if problem:
        return fail(with_cure(problem))
    return ok(f"{broker}: MQTT {version}, {f'user {broker.user}' if broker.user else 'without a user'}")


def _await_answer(client: Client, sent: list[int]) -> tuple[str, str]:
    """Wait for the acknowledgement of the message; return the version of MQTT, or the problem."""
    deadline, first = time.monotonic() + TIMEOUT, client.problem
    while time.monotonic() < deadline and client.problem == first:
        if connection := client.link:
            for answer in connection.answers():
                if answer.mid in sent:
                    refusal = f"it refuses {answer.request}: {answer.refusal}"
                    return connection.version, refusal if answer.refusal else ""
        client.changed.wait(POLL_INTERVAL)
        client.changed.clear()
    return "", client.problem


def with_cure(problem: str) -> str:
    """A trouble, and the cure of the first words that are in it."""
    cure = next((cure for words, cure in CURES.items() if words in problem.lower()), "")
    return f"{problem}: {cure}" if cure else problem
