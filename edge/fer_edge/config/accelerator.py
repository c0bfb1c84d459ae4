"""The setting of the accelerator: its syntax, and the environment variable beside it.

A separate module, so that the child process that tries a model does not import the whole configuration.
"""

from __future__ import annotations

import re

from fer_edge.config.addresses import quote
from fer_edge.errors import UsageError

AUTO = "auto"
LIBRARY_VARIABLE = "FER_EDGE_EDGETPU_LIBRARY"  # the environment variable that names another libedgetpu


def parse_accelerator(text: str) -> str:
    """Check the syntax, NAME or NAME:ARGUMENT; which names exist is known to fer_edge.inference.backends.

    Raises UsageError.
    """
    if not re.fullmatch(r"[a-z][a-z0-9_-]*(:(?!//).+)?", text):
        raise UsageError(f"{quote(text)}: expected {AUTO}, or NAME or NAME:ARGUMENT, such as cpu or edgetpu:usb:0")
    return text
