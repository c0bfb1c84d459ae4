"""Checks that a broker accepts a device and its messages."""

from __future__ import annotations

from fer_edge.config.broker import Broker
from fer_edge.mqtt.exchange import BrokerExchange, Message
from fer_edge.mqtt.paho_client import ConnectionSettings
from fer_edge.mqtt.topics import device_topic

TIMEOUT = 15.0  # seconds for the connection and for the acknowledgement of a message


def check_connection(broker: Broker, password: str | None, device: str, *, timeout: float = TIMEOUT) -> str:
    """Connect once and publish an empty message, which is not retained, at `fer/<device>/check`.

    Args:
        broker: The broker.
        password: Of its user, or None.
        device: Name of the device.
        timeout: Seconds for the network and the answer.

    Returns:
        The version of MQTT that the broker uses, "5" or "3.1.1".

    Raises:
        ExchangeError: The broker cannot be reached, refuses the connection or the message, or does not answer.
    """
    settings = ConnectionSettings(broker, password, f"fer-edge-check-{device}")
    return BrokerExchange([Message(f"{device_topic(device)}/check")]).run(settings, timeout, retry=False)
