"""Validates a discovery message on stdin with Home Assistant's own schemas. Runs in its environment."""

from __future__ import annotations

import asyncio
import importlib
import json
import sys
import tempfile

from homeassistant import core
from homeassistant.components.mqtt import device_trigger
from homeassistant.components.mqtt.schemas import DEVICE_DISCOVERY_SCHEMA
from homeassistant.helpers import frame


async def check() -> None:
    frame.async_setup(core.HomeAssistant(tempfile.gettempdir()))  # needed to validate templates
    message = json.load(sys.stdin)
    DEVICE_DISCOVERY_SCHEMA(message)
    for component in message["components"].values():
        name = component.pop("platform")
        if name == "device_automation":
            device_trigger.TRIGGER_DISCOVERY_SCHEMA({**component, "device": message["device"]})
        else:
            platform = importlib.import_module(f"homeassistant.components.mqtt.{name}")
            platform.PLATFORM_SCHEMA_MODERN(component)  # unlike DISCOVERY_SCHEMA, it refuses unknown keys
    print(len(message["components"]))


asyncio.run(check())
