"""Labels, zones and moods in keys and templates: their names are any text."""

from __future__ import annotations

import hashlib
import json
import re

HASH_LENGTH = 8  # hexadecimal digits


def name_key(kind: str, name: str) -> str:
    """A key of one of several entities, different for each name.

    It has no hyphen, so that the last one in a unique id separates the name of the device from the key.
    """
    readable = re.sub(r"\W+", "_", name, flags=re.ASCII)
    if readable == name:
        return f"{kind}_{name}"
    return f"{kind}_{readable}_{hashlib.sha256(name.encode()).hexdigest()[:HASH_LENGTH]}"


def quoted(name: str) -> str:
    """A name as a literal in a template."""
    return json.dumps(name)
