"""Text files that people write, with whatever editor they have."""

from __future__ import annotations

import codecs
import errno
import os
import select
from pathlib import Path

UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
SAVE_AS_UTF8 = "save it as UTF-8"
MAX_SIZE = 1 << 20  # bytes
READ_TIMEOUT = 5.0  # seconds


def read_text(path: Path, max_size: int = MAX_SIZE, *, timeout: float = READ_TIMEOUT) -> str:
    """Read a text file, without the byte order mark that Notepad puts before UTF-8.

    Args:
        path: The file.
        max_size: Size of the largest acceptable file, bytes. No more is read, not even of /dev/zero.
        timeout: Seconds that a FIFO, such as the shell's <(...), may deliver nothing.

    Raises:
        OSError: It cannot be read.
        ValueError: It is too large or not UTF-8 text. The message does not quote it.
    """
    content = b""
    with open(path, "rb", buffering=0, opener=_open_at_once) as file:
        poll = select.poll()  # unlike select, for any number of open files
        poll.register(file, select.POLLIN)
        while len(content) <= max_size:
            if not poll.poll(1000 * timeout):
                raise TimeoutError(errno.ETIMEDOUT, f"nothing was written to it within {timeout:g} seconds")
            if not (chunk := file.read(max_size + 1 - len(content))):
                break
            content += chunk
    return decode_text(content, max_size)


def _open_at_once(path: str, flags: int) -> int:
    """Open a file; a FIFO without waiting for its writer."""
    return os.open(path, flags | os.O_NONBLOCK)


def decode_text(content: bytes, max_size: int = MAX_SIZE) -> str:
    """Decode the content of a text file. Raises ValueError as `read_text` does."""
    if len(content) > max_size:
        raise ValueError(f"longer than {max_size} bytes")
    if content.startswith(UTF16) or b"\0" in content:
        raise ValueError(f"UTF-16 text (Notepad: Unicode); {SAVE_AS_UTF8}")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError(f"not UTF-8 text; {SAVE_AS_UTF8}") from None
