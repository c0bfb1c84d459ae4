"""A Home Assistant with only the MQTT integration. Runs in its environment.

usage: python home.py PORT

It connects to the broker at PORT of the loopback interface, prints each change of a state on stdout as a line of JSON,
and logs warnings on stderr. A line on stdin is an action, such as `turn_on switch.porch_paused`; it ends with
its stdin.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys
import tempfile
from pathlib import Path
from types import MappingProxyType

from homeassistant import bootstrap, config_entries, core, loader


async def open_home(folder: Path) -> core.HomeAssistant:
    (folder / "configuration.yaml").touch()
    home = core.HomeAssistant(str(folder))
    home.config.skip_pip = True
    home.config.components |= {"http", "file_upload"}  # MQTT needs them only for its dialogs
    home.config_entries = config_entries.ConfigEntries(home, {})
    loader.async_setup(home)
    await bootstrap.async_load_base_functionality(home)
    home.bus.async_listen("state_changed", print_state)
    return home


@core.callback
def print_state(event: core.Event) -> None:
    state = event.data["new_state"]
    change = {"entity": event.data["entity_id"], "state": state and state.state}
    attributes = dict(state.attributes) if state else {}
    print(json.dumps({**change, "attributes": attributes}, default=str), flush=True)


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


async def serve(port: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        home = await open_home(Path(folder))
        await add_broker(home, port)
        while line := await asyncio.to_thread(sys.stdin.readline):
            action, entity = line.split()
            await home.services.async_call(entity.partition(".")[0], action, {"entity_id": entity})
        await home.async_stop(force=True)


logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
asyncio.run(serve(int(sys.argv[1])))
