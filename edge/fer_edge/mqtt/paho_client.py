"""Sets up a paho client for one connection."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from fer_edge.backoff import Backoff
from fer_edge.config.broker import Broker, tls_context
from fer_edge.mqtt.limited_client import LimitedClient, TlsSocket
from fer_edge.mqtt.timeouts import Timeouts

SESSION_EXPIRY = 60  # seconds that the broker keeps commands for the device while the connection is lost

PAHO_LOG = logging.getLogger(f"{__name__}.paho")
PAHO_LOG.setLevel(logging.ERROR)
# An exception in a callback, which paho survives, is reported only here. Connection notices everything else itself.
PAHO_LOG.addFilter(lambda record: record.msg.startswith("Caught exception"))


@dataclass(frozen=True)
class ConnectionSettings:
    """How to connect, and as whom.

    Attributes:
        broker: Address and files for TLS.
        password: Of the broker's user, or None.
        client_id: Name of this client; the broker disconnects another one of the same name.
        will_topic: Topic at which the broker publishes `offline` when the connection breaks; None for no last will.
        timeouts: Limits of a connection.
        backoff: Delays between connections.
    """

    broker: Broker
    password: str | None = field(repr=False)
    client_id: str
    will_topic: str | None = None
    timeouts: Timeouts = field(default_factory=Timeouts)
    backoff: Backoff = field(default_factory=Backoff)


def make_client(settings: ConnectionSettings, version: MQTTProtocolVersion, in_flight: int) -> LimitedClient:
    """A client that is not connected yet.

    Args:
        settings: How to connect.
        version: Version of MQTT.
        in_flight: Largest number of unacknowledged messages.

    Raises:
        UsageError: A certificate or key cannot be read.
    """
    broker = settings.broker
    client = LimitedClient(
        CallbackAPIVersion.VERSION2,
        client_id=settings.client_id,
        clean_session=True if version == MQTTProtocolVersion.MQTTv311 else None,
        protocol=version,
        transport="websockets" if broker.over_websockets else "tcp",
        reconnect_on_failure=False,
    )
    client.suppress_exceptions = True
    client.enable_logger(PAHO_LOG)
    client.connect_timeout = settings.timeouts.connect
    client.max_inflight_messages = in_flight
    if settings.will_topic:
        client.will_set(settings.will_topic, "offline", qos=1, retain=True)
    if broker.user:
        client.username_pw_set(broker.user, settings.password)
    if broker.encrypted:
        context = tls_context(broker)
        context.sslsocket_class = TlsSocket
        client.tls_set_context(context)
    if broker.over_websockets:
        client.ws_set_options(path=broker.path)
    return client


def connect(client: LimitedClient, settings: ConnectionSettings, *, clean_start: bool) -> None:
    """Open the network connection and send CONNECT.

    Args:
        client: A client of `make_client`.
        settings: How to connect.
        clean_start: Whether the broker is to discard what it has queued for this client (MQTT 5).

    Raises:
        OSError: There is no connection.
        ValueError: The host name is invalid.
    """
    broker = settings.broker
    options: dict[str, Any] = {}
    if client.protocol == MQTTProtocolVersion.MQTTv5:
        session = make_properties(
            PacketTypes.CONNECT, SessionExpiryInterval=SESSION_EXPIRY, MaximumPacketSize=client.max_packet_size
        )
        options = {"clean_start": clean_start, "properties": session}
    client.connect(broker.host, broker.port, settings.timeouts.keepalive, **options)


def make_properties(packet: int, **values: int | None) -> Properties:
    """Properties of an MQTT 5 packet."""
    properties = Properties(packet)  # type: ignore[no-untyped-call]  # paho leaves it unannotated
    for name, value in values.items():
        setattr(properties, name, value)
    return properties


def release(client: paho.Client) -> None:
    """Drop the callbacks: else client and connection hold each other, and sockets, until a garbage collection."""
    client.on_connect = client.on_disconnect = client.on_publish = client.on_subscribe = client.on_message = None
