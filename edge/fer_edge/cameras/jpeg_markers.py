"""The markers of a JPEG (ITU-T T.81, B.1.1): the size of its picture, and whether it is complete.

They are read as libjpeg reads them, which OpenCV decodes with: bytes between two segments are skipped until the next
marker, and any number of fill bytes 0xFF may precede a marker. What follows the end of the picture is ignored: phones
append a film, or further pictures.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

START, START_OF_SCAN, END = b"\xff\xd8", 0xDA, 0xD9
FRAME_HEADERS = set(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # SOF0 to SOF15 without DHT, JPG and DAC
LENGTH_SIZE = 2  # bytes of the length of a segment

# Neither a stuffed zero (an 0xFF within coded data) nor RST0 to RST7 nor TEM, which have no segment.
_MARKER = re.compile(rb"\xff([\x02-\xcf\xd8-\xfe])")


def is_jpeg(content: bytes) -> bool:
    """Whether the content begins as a JPEG does."""
    return content.startswith(START + b"\xff")


def jpeg_size(content: bytes) -> tuple[int, int] | None:
    """Read width and height from the frame header of a JPEG; None without a valid one."""
    for marker, segment in _segments(content):
        if marker == START_OF_SCAN:
            break
        if marker in FRAME_HEADERS:
            # After the length and the precision of the samples (B.2.2).
            height, width = (int.from_bytes(content[segment + at : segment + at + 2]) for at in (3, 5))
            return (width, height) if width and height else None
    return None


def is_complete(content: bytes) -> bool:
    """Whether the picture of a JPEG has an end marker. OpenCV 4.10 silently fills what is missing with grey."""
    markers = [marker for marker, _ in _segments(content)]
    return START_OF_SCAN in markers and markers[-1] == END


def _segments(content: bytes) -> Iterator[tuple[int, int]]:
    """Yield each marker after the start, to the end of the picture, and where its segment begins."""
    position = len(START)
    while found := _MARKER.search(content, position):
        marker, segment = found[1][0], found.end()
        yield marker, segment
        if marker == END:
            return
        length = int.from_bytes(content[segment : segment + LENGTH_SIZE])  # includes itself
        position = segment + max(LENGTH_SIZE, length)
