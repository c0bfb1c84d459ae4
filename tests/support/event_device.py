"""A device that produces events, for the tests that cut it off from its broker.

usage: python tests/support/event_device.py HOST PORT OUTBOX RATE

Puts the events 0, 1, ... into the outbox, about RATE per second, and prints the count after each, until its stdin is
closed. Then it waits until the broker has them all.
"""

from __future__ import annotations

import json
import logging
import select
import sys
from pathlib import Path

from fer_edge.backoff import Backoff
from fer_edge.config.broker import Broker
from fer_edge.mqtt.outbox import Outbox
from fer_edge.mqtt.publisher import Publisher
from fer_edge.mqtt.timeouts import Timeouts

DELIVERY_TIMEOUT = 60.0  # seconds to deliver the rest, once the network works again


def main(host: str, port: int, path: Path, rate: float) -> int:
    """Return 0 if everything has arrived, else 1."""
    logging.basicConfig(level=logging.INFO)
    outbox = Outbox(path)
    broker, timeouts, backoff = Broker(host, port), Timeouts(keepalive=1), Backoff(0.2, 1.0)
    publisher = Publisher(broker, None, "cam", outbox, timeouts=timeouts, backoff=backoff)
    publisher.start()
    put = 0
    while not select.select([sys.stdin], [], [], 1 / rate)[0]:
        publisher.put(str(put))
        put += 1
        print(json.dumps({"put": put}), flush=True)
    arrived = publisher.flush(DELIVERY_TIMEOUT)
    publisher.close()
    outbox.close()
    counts = {"queue": len(outbox), "lost": outbox.lost, "refused": publisher.refused}
    print(json.dumps({"put": put, **counts}), flush=True)
    return 0 if arrived else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]), float(sys.argv[4])))
