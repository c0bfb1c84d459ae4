"""What leaves the device about people, to whom and for how long, as Markdown: from the JSON Schemas of the messages.

`python -m fer_edge.notice.data_flow edge/README.md` writes it into that file.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

from fer_edge.config.reference import insert_between
from fer_edge.events import SCHEMA_FILE

MARKS = ("<!-- data: begin -->", "<!-- data: end -->")
HEAD = """\
| what | fields | to whom | kept for |
|---|---|---|---|
"""
TOPIC = re.compile(r"(published|retained) on (fer/<device>/\w+)")
TO_BROKER = "the broker, and those whom it lets read the topic"
KEPT = {
    "published": "in the device, until the broker has it; by the broker, no longer than until its subscribers have it",
    "retained": "by the broker, until the next one, or `fer-edge --forget`",
}
PAGE = "whoever has the page's token, or comes by a proxy of `web.no_token_for`"
# What has no schema.
OTHERS = f"""\
| the page and its API, with `web.listen` | those of `state` and `event`, the box of each face | {PAGE} | 5 minutes |
| pictures, with `web.listen` | of the camera | {PAGE} | not at all |
| a picture, with `camera.allow_snapshots` | grey | the broker, when the command `snapshot` asks | not at all |
| `history.file` | those of `minute` | whoever can read the file in the device | `history.days`, or always |
"""


def insert_sheet(text: str) -> str:
    """Return a Markdown text with the current sheet between its two marks. Raises ValueError without the marks."""
    return insert_between(text, MARKS, data_flow_sheet())


def data_flow_sheet() -> str:
    """Return the sheet: a row for each kind of message that has a schema, and those for pictures and the history."""
    return HEAD + "".join(map(_row, sorted(SCHEMA_FILE.parent.glob("*.json")))) + OTHERS


def _row(file: Path) -> str:
    schema = json.loads(file.read_text(encoding="utf-8"))
    ((verb, topic),) = TOPIC.findall(schema["description"])
    fields = ", ".join(f"`{name}`" for name in schema["properties"])
    return f"| `{topic}` | {fields} | {TO_BROKER} | {KEPT[verb]} |\n"


if __name__ == "__main__":
    readme = Path(sys.argv[1])
    readme.write_text(insert_sheet(readme.read_text(encoding="utf-8")), encoding="utf-8")
