"""The cost of delivery: events per second through the outbox to Mosquitto, CPU time of each, bytes on disk.

usage: python -m tests.benchmarks.mqtt [--events N] [--fleet DEVICES [--seconds S]]
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import statistics
import tempfile
import threading
import time
from contextlib import ExitStack
from pathlib import Path

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
from tests.support.mosquitto import Mosquitto

from fer_edge.clock import Clock
from fer_edge.config.broker import Broker
from fer_edge.mqtt.outbox import COMMIT_INTERVAL, Outbox
from fer_edge.mqtt.publisher import Publisher

EVENT = json.dumps({"id": "0123456789ab-0", "scores": "x" * 370})  # as long as an event of seven classes
DAY = 86_400  # seconds
DEVICES_PER_PROCESS = 25
TIMEOUT = 60.0  # seconds


def throughput(broker: Mosquitto, folder: Path | None, events: int) -> None:
    """Put events as fast as possible and wait until the broker has acknowledged the last."""
    outbox = Outbox(folder / "outbox.sqlite" if folder else None)
    publisher = Publisher(Broker("127.0.0.1", broker.port), None, "bench", outbox)
    publisher.start()
    if not publisher.flush(TIMEOUT):
        raise TimeoutError(publisher.problem)
    start, cpu = time.perf_counter(), time.process_time()
    for _ in range(events):
        publisher.put(EVENT)
        while len(outbox) > 5000:
            time.sleep(0.001)
    if not publisher.flush(TIMEOUT):
        raise TimeoutError(publisher.problem)
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    publisher.close()
    outbox.close()
    kind = "on disk  " if folder else "in memory"
    print(f"outbox {kind}  {events / seconds:7.0f} events/s acknowledged  {1e6 * cpu / events:5.0f} us of CPU an event")


def bytes_a_day(folder: Path, events: int, rate: float) -> None:
    """What the outbox writes at a steady rate with a broker that acknowledges at once, as the kernel counts it."""
    now = [0.0]
    outbox = Outbox(folder / "steady.sqlite", clock=Clock(monotonic=lambda: now[0]))
    start = written_bytes()
    for number in range(1, events + 1):
        now[0] += 1 / rate
        outbox.put(EVENT)
        outbox.commit()
        if outbox.stored == number:
            for stored, _, _ in outbox.after(0, 100):
                outbox.remove(stored)
    written = written_bytes() - start
    outbox.close()
    print(f"outbox on disk at {rate:g} events/s: {written / events * rate * DAY / 1e6:.0f} MB a day")


def written_bytes() -> int:
    """Bytes that this process has caused to be written to a disk."""
    fields = dict(line.split(": ") for line in Path("/proc/self/io").read_text().splitlines())
    return int(fields["write_bytes"])


def devices(port: int, first: int, count: int, folder: str, seconds: int) -> None:
    """Some devices of the fleet: each puts an event per second, with the time in it, on disk first."""
    with ExitStack() as stack:
        publishers = []
        for number in range(first, first + count):
            outbox = Outbox(Path(folder) / f"{number}.sqlite")
            stack.callback(outbox.close)
            publishers.append(Publisher(Broker("127.0.0.1", port), None, f"bench-{number}", outbox))
            stack.enter_context(publishers[-1])
        for publisher in publishers:
            publisher.flush(TIMEOUT)
        for _ in range(seconds):
            for publisher in publishers:
                publisher.put(json.dumps({"put": time.monotonic(), "scores": "x" * 370}))
                time.sleep(1 / count)
        for publisher in publishers:
            publisher.flush(TIMEOUT)


def fleet(broker: Mosquitto, folder: Path, count: int, seconds: int) -> None:
    """The time from the put to the subscriber, for many devices at one broker."""
    delays: list[float] = []
    subscribed = threading.Event()
    client = paho.Client(CallbackAPIVersion.VERSION2)
    client.on_connect = lambda *_: client.subscribe("fer/+/event", qos=1)
    client.on_subscribe = lambda *_: subscribed.set()
    client.on_message = lambda _, __, message: delays.append(time.monotonic() - json.loads(message.payload)["put"])
    client.connect("127.0.0.1", broker.port)
    client.loop_start()
    subscribed.wait(TIMEOUT)
    context = multiprocessing.get_context("spawn")
    jobs = []
    for first in range(0, count, DEVICES_PER_PROCESS):
        size = min(DEVICES_PER_PROCESS, count - first)
        jobs.append(context.Process(target=devices, args=(broker.port, first, size, str(folder), seconds)))
        jobs[-1].start()
    for job in jobs:
        job.join()
    time.sleep(1)
    client.disconnect()
    client.loop_stop()
    cuts = [1000 * cut for cut in statistics.quantiles(delays, n=20)]
    print(
        f"{count} devices, an event a second each, on disk first: {len(delays)} of {count * seconds} received, "
        f"put to subscriber p50 {cuts[9]:.1f} ms, p95 {cuts[18]:.1f} ms (a commit waits for up to {COMMIT_INTERVAL} s)"
    )


def main() -> None:
    """Print a line for each figure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=20_000)
    parser.add_argument("--fleet", type=int, default=0, metavar="DEVICES")
    parser.add_argument("--seconds", type=int, default=20)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as name:  # /tmp may be no disk
        folder = Path(name)
        broker = Mosquitto(folder)
        broker.start("allow_anonymous true\nmax_queued_messages 0")
        try:
            for where in (folder, None):
                throughput(broker, where, arguments.events)
            for rate in (0.1, 1.0, 10.0):
                bytes_a_day(folder, 500, rate)
                (folder / "steady.sqlite").unlink()
            if arguments.fleet:
                fleet(broker, folder, arguments.fleet, arguments.seconds)
        finally:
            broker.close()


if __name__ == "__main__":
    main()
