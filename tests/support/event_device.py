"""A device that sees an event now and then: what the tests of delivery cut off from its broker.

usage: python tests/support/event_device.py HOST PORT OUTBOX RATE

Puts events 0, 1, ... about RATE a second, and writes for each how many are put, until its stdin is closed. Then it
waits until the broker has them all.
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

DELIVERY = 60.0  # seconds for the rest, when the line stands again


def main(host: str, port: int, path: Path, rate: float) -> int:
    """Returns 0 when everything arrived."""
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
    arrived = publisher.flush(DELIVERY)
    publisher.close()
    outbox.close()
    print(json.dumps({"put": put, **publisher.counts}), flush=True)
    return 0 if arrived else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]), float(sys.argv[4])))
