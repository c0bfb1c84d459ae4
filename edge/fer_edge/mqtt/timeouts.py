"""Timeouts of the connection to the broker; handed in, so that tests can shorten them."""

from __future__ import annotations

import random
from dataclasses import dataclass

POLL_INTERVAL = 0.1  # seconds between two checks of a condition that nothing signals


@dataclass(frozen=True)
class Timeouts:
    """Limits of a connection, in seconds.

    Attributes:
        connect: For the network, and again for the broker's CONNACK.
        mqtt5_connack: For the CONNACK of MQTT 5; some older brokers do not answer a version that they do not know.
        keepalive: Silence after which the broker is pinged, and again until the connection is lost. Whole seconds.
        acknowledgement: Without progress in the acknowledgement of messages, until the connection is renewed.
        close: For `offline` to be acknowledged, and for each further step of closing.
    """

    connect: float = 10.0
    mqtt5_connack: float = 2.0
    keepalive: int = 30
    acknowledgement: float = 30.0
    close: float = 2.0


def jitter(delay: float) -> float:
    """A random part of `delay`, half to all of it: a thousand devices must not reconnect at the same instant."""
    return delay * random.uniform(0.5, 1.0)  # noqa: S311 - no secret
