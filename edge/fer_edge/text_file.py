"""Text files that people write, with whatever editor they have."""

from __future__ import annotations

import codecs
from pathlib import Path

UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
SAVE_AS_UTF8 = "save it as UTF-8"


def read_text(path: Path) -> str:
    """Read a text file, without the byte order mark that Notepad puts before UTF-8.

    Raises:
        OSError: It cannot be read.
        ValueError: It is not UTF-8 text. The message does not quote it.
    """
    return decode_text(path.read_bytes())


def decode_text(content: bytes) -> str:
    """Decode the content of a text file. Raises ValueError as `read_text` does."""
    if content.startswith(UTF16) or b"\0" in content:
        raise ValueError(f"UTF-16 text (Notepad: Unicode); {SAVE_AS_UTF8}")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError(f"not UTF-8 text; {SAVE_AS_UTF8}") from None
