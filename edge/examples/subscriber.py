"""Prints the events of all devices, each one once, and reports missing ones. Usage: subscriber.py [HOST [PORT]]."""

from __future__ import annotations

import json
import sys
from collections import OrderedDict
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

SESSION_EXPIRY = 3600  # seconds for which the broker keeps events while this program is not connected


class Inbox:
    """Remembers the ids of the latest events, and the number of the last event of each device."""

    def __init__(self, max_ids: int = 10_000) -> None:
        self._ids: OrderedDict[str, None] = OrderedDict()
        self._max_ids = max_ids
        self._last: dict[str, tuple[str, int]] = {}  # device -> its run, the number in that run

    def is_new(self, event: dict[str, Any]) -> bool:
        """Whether this is no duplicate: an event is sent again, with the same id, if its receipt was not confirmed."""
        known = event["id"] in self._ids
        self._ids[event["id"]] = None
        if len(self._ids) > self._max_ids:
            self._ids.popitem(last=False)
        return not known

    def missing(self, event: dict[str, Any]) -> int:
        """How many events of the same run are missing before this one; `seq` has no gaps."""
        boot, last = self._last.get(event["device"], ("", 0))
        self._last[event["device"]] = event["boot"], event["seq"]
        return max(0, event["seq"] - last - 1) if boot == event["boot"] else 0


def print_event(inbox: Inbox, payload: bytes) -> None:
    """Print one event. Anything else is reported and ignored, since anybody may publish."""
    try:
        event = json.loads(payload)
        if not inbox.is_new(event):
            return
        if missing := inbox.missing(event):
            print(f"{event['device']}: {missing} events are missing", flush=True)
        emotion = event["emotion"] or "unsure"
        line = f"{event['ts']}  {event['device']}  face {event['track']}  {event['type']}  {emotion}"
        print(line, flush=True)
    except (ValueError, TypeError, KeyError) as error:
        print(f"not an event: {error!r}", flush=True)


def main(host: str = "127.0.0.1", port: str = "1883") -> None:
    """Print events until Ctrl-C."""
    inbox = Inbox()
    client = paho.Client(CallbackAPIVersion.VERSION2, client_id="fer-subscriber", protocol=MQTTProtocolVersion.MQTTv5)
    client.on_connect = lambda client, *_: client.subscribe("fer/+/event", qos=1)
    client.on_message = lambda client, userdata, message: print_event(inbox, bytes(message.payload))
    session = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
    session.SessionExpiryInterval = SESSION_EXPIRY
    client.connect_async(host, int(port), clean_start=False, properties=session)
    client.loop_forever(retry_first_connection=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
