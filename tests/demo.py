"""fer-edge on a recorded clip, an embedded broker and a subscriber. Run by `make demo`."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import paho.mqtt.client as paho
from amqtt.broker import Broker
from paho.mqtt.enums import CallbackAPIVersion

from fer_edge.cli import main as fer_edge

CLIP = Path(__file__).parent / "media" / "intel_walking_and_pause.mp4"
DEVICE = "demo"
TIMEOUT = 10.0  # seconds


def free_port() -> int:
    """A free port of the loopback interface."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def embedded_broker(port: int) -> Iterator[None]:
    """Run an MQTT broker in this process, on the loopback interface."""
    for name in ("amqtt", "transitions"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    async def start() -> Broker:
        plugins = {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}}
        listeners = {"default": {"type": "tcp", "bind": f"127.0.0.1:{port}"}}
        broker = Broker({"listeners": listeners, "plugins": plugins})
        await broker.start()
        return broker

    broker = asyncio.run_coroutine_threadsafe(start(), loop).result(TIMEOUT)
    try:
        yield
    finally:
        asyncio.run_coroutine_threadsafe(broker.shutdown(), loop).result(TIMEOUT)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(TIMEOUT)


class Subscriber:
    """Prints and keeps the messages under fer/#."""

    def __init__(self, port: int) -> None:
        self.messages: list[tuple[str, str]] = []
        self._subscribed = threading.Event()
        self._client = paho.Client(CallbackAPIVersion.VERSION2, client_id="demo-subscriber")
        self._client.on_connect = lambda client, *_: client.subscribe("fer/#", qos=1)
        self._client.on_subscribe = lambda *_: self._subscribed.set()
        self._client.on_message = self._on_message
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        if not self._subscribed.wait(TIMEOUT):
            raise TimeoutError("no answer from the embedded broker")

    def wait_for(self, topic: str, payload: str) -> None:
        """Wait until a message has arrived, or the timeout is over."""
        deadline = time.monotonic() + TIMEOUT
        while (topic, payload) not in self.messages and time.monotonic() < deadline:
            time.sleep(0.05)

    def close(self) -> None:
        """Disconnect."""
        self._client.disconnect()
        self._client.loop_stop()

    def _on_message(self, client: paho.Client, userdata: object, message: paho.MQTTMessage) -> None:
        text = message.payload.decode()
        self.messages.append((message.topic, text))
        print(f"{message.topic}  {summary_of(message.topic, text)}", flush=True)


def summary_of(topic: str, text: str) -> str:
    """A message as one line that fits a terminal."""
    if not topic.endswith("/event"):
        return text if len(text) < 100 else text[:97] + "..."
    event = json.loads(text)
    emotion, previous = event["emotion"] or "unsure", event["previous"] or "unsure"
    change = f"{previous} -> {emotion}" if event["type"] == "update" else emotion
    change += f"  {event['score']:.0%}" if event["emotion"] else ""
    tail = f" after {event['duration_s']:.2f} s" if event["type"] == "end" else ""
    return f"{event['ts'][11:-1]}  face {event['track']}  {event['type']:6}  {change}{tail}"


def run_demo(*camera: str, port: int) -> tuple[int, list[tuple[str, str]]]:
    """Run fer-edge between a camera and a broker on `port`; returns its exit code and the messages received."""
    with embedded_broker(port):
        subscriber = Subscriber(port)
        code = fer_edge([*camera, "--mqtt", f"mqtt://127.0.0.1:{port}", "--device", DEVICE])
        subscriber.wait_for(f"fer/{DEVICE}/status", "offline")
        subscriber.close()
    return code, subscriber.messages


def print_summary(messages: list[tuple[str, str]]) -> tuple[Counter[str], bool]:
    """Print a summary; returns the events by type, and whether all arrived and the device is offline."""
    events = [json.loads(text) for topic, text in messages if topic == f"fer/{DEVICE}/event"]
    counts = Counter(event["type"] for event in events)
    faces = len({event["track"] for event in events})
    complete = [event["seq"] for event in events] == list(range(len(events))) and counts["start"] == counts["end"]
    offline = messages[-1:] == [(f"fer/{DEVICE}/status", "offline")]
    print(
        f"\n{faces} faces; {counts['start']} start, {counts['update']} update and {counts['end']} end events received, "
        f"{'none missing' if complete else 'SOME MISSING'}; device {'offline' if offline else 'NOT OFFLINE'} at the end"
    )
    return counts, complete and offline


def main() -> int:
    """Run the demo; returns 0 if every event arrived and the device went offline cleanly."""
    port = free_port()
    print(f"broker on mqtt://127.0.0.1:{port}, subscriber of fer/#, clip {CLIP.name}:\n", flush=True)
    code, messages = run_demo("--camera", str(CLIP), port=port)
    counts, complete = print_summary(messages)
    return code or int(not (counts and complete))


if __name__ == "__main__":
    sys.exit(main())
