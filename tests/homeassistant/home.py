"""A Home Assistant with the MQTT integration and what its configuration.yaml names. Runs in its environment.

usage: python home.py PORT FOLDER

FOLDER is its configuration folder. It connects to the broker at PORT of the loopback interface. Each change of a state,
each notification and each answer is a line of JSON on stdout; warnings are on stderr. A line on stdin is a request:
{"call": "switch.turn_on", "data": {...}} calls an action; {"triggers": DEVICE} is answered with the triggers of a
device, {"entities": DEVICE} with the ids of its entities, disabled ones included, and {"dashboard": FILE} with the
dashboard that Home Assistant loads from a file. It ends with its stdin.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from pathlib import Path
from types import MappingProxyType, SimpleNamespace
from typing import Any

from homeassistant import bootstrap, config, config_entries, core, loader
from homeassistant.components import device_automation, persistent_notification
from homeassistant.components.lovelace import dashboard
from homeassistant.helpers import device_registry, entity_registry
from homeassistant.setup import async_setup_component


async def open_home(folder: Path) -> core.HomeAssistant:
    home = core.HomeAssistant(str(folder))
    home.config.skip_pip = True
    home.config.components |= {"http", "file_upload"}  # needed only for dialogs and pictures in a browser
    home.http = SimpleNamespace(register_view=lambda _: None)
    home.config_entries = config_entries.ConfigEntries(home, {})
    loader.async_setup(home)
    await bootstrap.async_load_base_functionality(home)
    home.bus.async_listen("state_changed", print_state)
    persistent_notification.async_register_callback(home, print_notifications)
    configuration = await config.async_hass_config_yaml(home)
    for domain in ("homeassistant", "persistent_notification", *configuration):
        assert await async_setup_component(home, domain, configuration), domain
    return home


def print_line(line: dict[str, Any]) -> None:
    print(json.dumps(line, default=str), flush=True)


@core.callback
def print_state(event: core.Event) -> None:
    state = event.data["new_state"]
    change = {"entity": event.data["entity_id"], "state": state and state.state}
    print_line({**change, "attributes": dict(state.attributes) if state else {}})


@core.callback
def print_notifications(_: object, notifications: dict[str, Any]) -> None:
    for notification in notifications.values():
        print_line({"notification": notification["title"], "message": notification["message"]})


async def add_broker(home: core.HomeAssistant, port: int) -> None:
    entry = config_entries.ConfigEntry(
        version=1,
        minor_version=2,
        domain="mqtt",
        title="broker",
        data={"broker": "127.0.0.1", "port": port, "discovery": True, "discovery_prefix": "homeassistant"},
        source="user",
        options={},
        unique_id=None,
        discovery_keys=MappingProxyType({}),
        subentries_data=None,
    )
    await home.config_entries.async_add(entry)
    await home.async_start()


async def answer(home: core.HomeAssistant, request: dict[str, Any]) -> Any:
    match request:
        case {"call": action, "data": data}:
            await home.services.async_call(*action.split("."), data, blocking=True)
            return None
        case {"triggers": name}:
            automation = device_automation.DeviceAutomationType.TRIGGER
            device = find_device(home, name)
            return (await device_automation.async_get_device_automations(home, automation, [device]))[device]
        case {"entities": name}:
            registry = entity_registry.async_get(home)
            return [
                entry.entity_id for entry in registry.entities.values() if entry.device_id == find_device(home, name)
            ]
        case {"dashboard": file}:
            return await dashboard.LovelaceYAML(home, "test", {"filename": file}).async_load(force=True)
    raise ValueError(request)


def find_device(home: core.HomeAssistant, name: str) -> str:
    devices = device_registry.async_get(home).devices.values()
    return next(device.id for device in devices if device.name == name)


async def serve(port: int, folder: Path) -> None:
    home = await open_home(folder)
    await add_broker(home, port)
    while line := await asyncio.to_thread(sys.stdin.readline):
        print_line({"answer": await answer(home, json.loads(line))})
    await home.async_stop(force=True)


logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
asyncio.run(serve(int(sys.argv[1]), Path(sys.argv[2])))
