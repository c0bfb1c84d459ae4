"""Removes a device from the broker, and so from Home Assistant, when it is gone for good."""

from __future__ import annotations

from fer_edge.config.broker import Broker
from fer_edge.mqtt.exchange import BrokerExchange, ExchangeError, Message
from fer_edge.mqtt.paho_client import ConnectionSettings
from fer_edge.mqtt.topics import RETAINED_NAMES, device_topic, discovery_topic

TIMEOUT = 12.0  # seconds for the network and the broker's answers


def forget_device(
    broker: Broker, password: str | None, device: str, prefix: str | None, *, timeout: float = TIMEOUT
) -> None:
    """Remove everything that `broker` retains of `device`, and wait until that is done.

    Args:
        broker: The broker.
        password: Of its user, or None.
        device: Name of the device.
        prefix: Prefix of Home Assistant's discovery topics; None if the device is not announced there.
        timeout: Seconds for the network and the broker's answers.

    Raises:
        ExchangeError: The broker cannot be reached or refuses; or everything is removed, but the device was online, and
            its daemon would publish `offline` when it ends.
    """
    topics = [f"{device_topic(device)}/{name}" for name in RETAINED_NAMES]
    if prefix:
        topics.insert(0, discovery_topic(prefix, device))  # before the states of its entities
    statuses: list[bytes] = []
    exchange = BrokerExchange(
        [Message(topic, retain=True) for topic in topics],
        [f"{device_topic(device)}/status"],
        lambda message: statuses.append(bytes(message.payload)),
    )
    try:
        exchange.run(ConnectionSettings(broker, password, f"fer-edge-forget-{device}"), timeout)
    except ExchangeError as error:
        raise ExchangeError(f"{error.message}; the broker may still know {device}", cure=error.cure) from error
    if b"online" in statuses:
        raise ExchangeError(f"{device} was online", cure="if its daemon still runs, stop it and use --forget once more")
