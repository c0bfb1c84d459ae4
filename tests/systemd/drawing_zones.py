"""Zones that are saved from the live page of the service, as edge/README.md describes it under "Drawing zones"."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from tests.systemd.container import Container

README = Path(__file__).parents[2] / "edge" / "README.md"
TOKEN = "a token of the page"  # noqa: S105  used in these tests only
ZONE = """
# the poster of the band
[[zones]]
name = "poster"
box = [0, 0, 0.1, 0.1]
ignore = true
"""
# Reads the zones, replaces them if others are given, and prints them.
REQUEST = """
import json, sys, urllib.request
token, zones = sys.argv[1], json.loads(sys.argv[2])
def request(data=None):
    request = urllib.request.Request("http://127.0.0.1:8090/api/zones", data, method="PUT" if data else "GET")
    request.add_header("Authorization", "Bearer " + token)
    request.add_header("Content-Type", "application/json")
    return json.load(urllib.request.urlopen(request, timeout=10))
if zones:
    request(json.dumps({"zones": zones, "revision": request()["revision"]}).encode())
print(json.dumps(request()))
"""


def read_recipe() -> tuple[list[str], str]:
    """The commands of the README without sudo, and the line that it gives for fer-edge.env."""
    section = README.read_text().partition("\n### Drawing zones\n")[2].partition("\n## ")[0]
    recipe = section.partition("keep its configuration in its state directory:\n")[2]
    line = re.search("`(FER_EDGE_FLAGS=[^`]+)`", recipe)
    assert line
    return re.findall("^    sudo (.*)$", recipe, re.MULTILINE), line[1]


def configure_page(text: str, camera: str) -> str:
    """config.toml with this camera, a page at which zones can be saved, and a zone."""
    for old, new in (
        ('source = "0"', f'source = "{camera}"'),
        ('#url = "mqtt://127.0.0.1:1883"', 'url = "mqtt://anna@127.0.0.1"'),
        ('#device = "porch"', 'device = "main"'),
        ('#listen = "none"', 'listen = "127.0.0.1:8090"'),
        ("#allow_edit = false", "allow_edit = true"),
    ):
        assert text.count(f"\n{old}\n") == 1, old
        text = text.replace(f"\n{old}\n", f"\n{new}\n")
    return text + ZONE


def zones_of_page(container: Container, *save: dict[str, Any]) -> list[str]:
    """The names of the zones, after these have been saved."""
    answer = json.loads(container.check_output("python3", "-c", REQUEST, TOKEN, json.dumps(save)))
    assert answer["editable"], answer
    return [zone["name"] for zone in answer["zones"]]
