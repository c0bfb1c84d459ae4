"""Messages sent to a broker by another client: mosquitto_pub."""

from __future__ import annotations

import subprocess

from tests.support import Mosquitto


def publish(broker: Mosquitto, topic: str, payload: str = "", *flags: str) -> None:
    """Publish one message at QoS 1; `flags` are those of mosquitto_pub, such as -r (retain)."""
    arguments = ["-h", "127.0.0.1", "-p", str(broker.port), "-q", "1", "-t", topic, "-m", payload, *flags]
    subprocess.run(["mosquitto_pub", *arguments], check=True, timeout=10)


def publish_lines(broker: Mosquitto, topic: str, *payloads: str) -> None:
    """Publish one message for each payload over one connection, in order, at QoS 1."""
    arguments = ["-h", "127.0.0.1", "-p", str(broker.port), "-q", "1", "-t", topic, "-l"]
    lines = "".join(f"{payload}\n" for payload in payloads)
    subprocess.run(["mosquitto_pub", *arguments], input=lines, text=True, check=True, timeout=10)
