"""The connection to the broker."""

from __future__ import annotations

import contextlib
import json
import logging
import sys
import threading
import time
from collections.abc import Iterator
from queue import Empty, SimpleQueue
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from .config import Broker
from .outbox import Outbox

log = logging.getLogger(__name__)

IN_FLIGHT = 20  # events handed to the client and not yet acknowledged
KEEPALIVE = 30  # seconds
TICK = 0.02  # seconds between two looks
PATIENCE = 2.0  # seconds for the last word


class Publisher:
    """Keeps `status`, `info` and `state` true at the broker, and empties the outbox into `event`.

    The client's thread connects, again and again if need be, and then says what is retained; the outbox is emptied in
    the caller's thread, in `pump`.
    """

    def __init__(self, broker: Broker, password: str | None, device: str, run: str, outbox: Outbox) -> None:
        """Start to connect to `broker`; `run` makes the client id unique, since two of one id throw each other out."""
        self._broker, self._outbox = broker, outbox
        self._topic = f"fer/{device}"
        self._retained: dict[str, str] = {}
        self._lock = threading.Lock()  # a state that changes while we connect must not be overtaken by the old one
        self._sent: dict[int, int] = {}  # message id -> number in the outbox
        self._last = 0  # number of the last event that was handed to the client
        self._acknowledged: SimpleQueue[int] = SimpleQueue()
        self._trouble = "no MQTT answer"
        self._said = ""
        self._ready = False

        client = paho.Client(CallbackAPIVersion.VERSION2, client_id=f"fer-edge-{device}-{run}")
        if broker.user:
            client.username_pw_set(broker.user, password)
        client.will_set(f"{self._topic}/status", "offline", qos=1, retain=True)
        client.reconnect_delay_set(1, 60)
        client.on_connect, client.on_disconnect = self._on_connect, self._on_disconnect
        client.on_connect_fail, client.on_publish = self._on_connect_fail, self._on_publish
        self._client = client
        client.connect_async(broker.host, broker.port, KEEPALIVE)
        client.loop_start()

    def retain(self, name: str, payload: dict[str, Any]) -> None:
        """Publish a retained message, now and after each reconnection, if it is not the one already there."""
        text = json.dumps(payload, separators=(",", ":"), ensure_ascii=False)
        with self._lock:
            if self._retained.get(name) == text:
                return
            self._retained[name] = text
            if self._ready:
                self._client.publish(f"{self._topic}/{name}", text, qos=1, retain=True)

    def pump(self) -> None:
        """Take out of the outbox what has arrived, and hand on what waits in it."""
        for mid in _drain(self._acknowledged):
            if mid in self._sent:
                self._outbox.remove(self._sent.pop(mid))
        if not self._ready:
            return
        for number, payload in self._outbox.after(self._last, IN_FLIGHT - len(self._sent)):
            self._sent[self._client.publish(f"{self._topic}/event", payload, qos=1).mid] = number
            self._last = number

    def flush(self, patience: float) -> bool:
        """Pump until the broker is there and the outbox empty, `patience` seconds at most; tell whether it came so."""
        deadline = time.monotonic() + patience
        while not (arrived := self._ready and not len(self._outbox)) and time.monotonic() < deadline:
            self.pump()
            time.sleep(TICK)
        return arrived

    @property
    def trouble(self) -> str:
        """Why the broker cannot be reached."""
        return f"{self._broker}: {self._trouble}"

    def close(self) -> None:
        """Say `offline`, wait until it has arrived, and disconnect."""
        if self._ready:
            # Should the line break just now, the broker has our last will.
            with contextlib.suppress(RuntimeError, ValueError):
                self._client.publish(f"{self._topic}/status", "offline", qos=1, retain=True).wait_for_publish(PATIENCE)
        self._client.disconnect()
        self._client.loop_stop()

    def _on_connect(
        self, client: paho.Client, userdata: Any, flags: paho.ConnectFlags, code: ReasonCode, properties: Any
    ) -> None:
        if code.is_failure:
            self._say(f"refused: {code}")
            return
        log.info("connected to %s", self._broker)
        self._said = ""
        client.publish(f"{self._topic}/status", "online", qos=1, retain=True)
        with self._lock:
            for name, text in self._retained.items():
                client.publish(f"{self._topic}/{name}", text, qos=1, retain=True)
            self._ready = True

    def _on_disconnect(
        self, client: paho.Client, userdata: Any, flags: Any, code: ReasonCode, properties: Properties | None
    ) -> None:
        was_ready, self._ready = self._ready, False
        if code.is_failure and was_ready:
            self._say(f"connection lost: {code}")
        elif code.is_failure and not self._said:
            self._say("closed the connection without an MQTT answer")

    def _on_connect_fail(self, client: paho.Client, userdata: Any) -> None:
        # paho calls this from within its except clause and does not hand on the error.
        error = sys.exception()
        self._say(str(getattr(error, "strerror", None) or error or "no connection").lower())

    def _on_publish(
        self, client: paho.Client, userdata: Any, mid: int, code: ReasonCode, properties: Properties | None
    ) -> None:
        self._acknowledged.put(mid)

    def _say(self, trouble: str) -> None:
        """Log a trouble when it begins, not each time that it is met again."""
        self._trouble = trouble
        if trouble != self._said:
            self._said = trouble
            log.warning("broker %s, trying again", self.trouble)


def _drain(queue: SimpleQueue[int]) -> Iterator[int]:
    with contextlib.suppress(Empty):
        while True:
            yield queue.get_nowait()
