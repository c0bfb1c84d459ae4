"""A broker that keeps the session of a subscriber across a restart, so that nothing published meanwhile is missed."""

from __future__ import annotations

from pathlib import Path

# At QoS 0 the broker sends what it has queued without waiting for acknowledgements, so that everything it sent before
# it was killed is still read to the end.
SUBSCRIBER_FLAGS = ("-q", "0", "-c", "-i", "watcher")  # for mosquitto_sub: a persistent session


def persistent_broker_settings(folder: Path) -> str:
    """Lines for mosquitto.conf that keep sessions and their queued messages in `folder`."""
    return (
        "allow_anonymous true\npersistence true\nautosave_interval 1\nqueue_qos0_messages true\nmax_queued_messages 0\n"
        f"persistence_location {folder}/"
    )
