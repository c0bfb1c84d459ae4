"""Opens clips, and asks FFmpeg whether one is damaged.

OpenCV gives no reason for the end of a clip, and its number of frames is mostly a guess: the duration of the longest
track times the average rate. FFmpeg reports errors only in its log. To read that, a clip is decoded a second time, by
the child process `python -m fer_edge.cameras.clip PATH`.
"""

from __future__ import annotations

import os
import re
import select
import signal
import subprocess
import sys
from collections.abc import Generator, Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from fer_edge import MAX_PICTURE_PIXELS
from fer_edge.cameras.base import POLL_INTERVAL

MAX_REFUSED = 1000  # packets in a row that FFmpeg cannot decode, as before the first key frame of a recording
ISO_MEDIA = b"ftyp"  # at byte 4 of an MP4 or MOV
OGG_HEADER = 27  # bytes of the header of an Ogg page, whose last is the number of segments (RFC 3533)
TAIL = 1 << 17  # bytes; an Ogg page is shorter
LOG_ERRORS = "16"  # AV_LOG_ERROR

_LOGGED = re.compile(rb"\[OPENCV:FFMPEG:\d+\] (.*)")
# A recording that starts between two key frames is complete.
_BEFORE_KEY_FRAME = re.compile(
    rb"non-existing [PS]PS|[VPS]PS id out of range|decode_slice_header error|no frame!|0x0\."
)


def open_clip(path: Path) -> cv2.VideoCapture:
    """Open a clip. Raises OSError when the file cannot be read."""
    with path.open("rb") as file:
        name = str(path.absolute())  # FFmpeg would take 10:30.mp4 for an address
        try:
            name.encode()
        except UnicodeEncodeError:  # OpenCV would crash
            name = f"/proc/self/fd/{file.fileno()}"
        return cv2.VideoCapture(name, cv2.CAP_FFMPEG)


def describe_excess(capture: cv2.VideoCapture) -> str | None:
    """What is wrong with frames that are larger than a picture may be; None if they are not."""
    width, height = int(capture.get(cv2.CAP_PROP_FRAME_WIDTH)), int(capture.get(cv2.CAP_PROP_FRAME_HEIGHT))
    if width * height <= MAX_PICTURE_PIXELS:
        return None
    return f"frames of {width}x{height} are too large: at most {MAX_PICTURE_PIXELS / 1e6:.0f} megapixels"


def grab_frames(capture: cv2.VideoCapture) -> Iterator[None]:
    """Go from frame to frame, to the last; packets that cannot be decoded are skipped."""
    refused = 0
    while refused < MAX_REFUSED:
        if capture.grab():
            refused = 0
            yield
        else:
            refused += 1


def read_frames(capture: cv2.VideoCapture) -> Iterator[NDArray[np.uint8]]:
    """Yield every frame that can be decoded as BGR, uint8 [H,W,3]."""
    for _ in grab_frames(capture):
        received, image = capture.retrieve()
        if received:
            yield np.asarray(image, np.uint8)


def has_index(path: Path) -> bool:
    """Whether the container has an index of its frames, which OpenCV counts; for others it guesses their number."""
    with path.open("rb") as file:
        return file.read(8)[4:] == ISO_MEDIA


def find_damage(path: Path) -> Generator[None, None, str | None]:
    """Decode a clip in a child process. Yields about twice a second until that is done.

    Returns:
        What is wrong with the clip, or None.
    """
    if _is_cut(path):
        return "its end is missing"
    command = [sys.executable, "-m", "fer_edge.cameras.clip", str(path)]
    with subprocess.Popen(  # noqa: S603 - this interpreter and this module
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as child:
        try:
            error = yield from _first_error(child)
        finally:
            child.kill()
    if not error and child.returncode < 0:
        return f"FFmpeg crashed: {signal.Signals(-child.returncode).name}"
    return error


def _first_error(child: subprocess.Popen[bytes]) -> Generator[None, None, str | None]:
    """The first error in the log of the child, or None when it has ended without one."""
    assert child.stdout  # noqa: S101 - a pipe
    rest = b""
    while True:
        if not select.select([child.stdout], [], [], POLL_INTERVAL)[0]:
            yield
            continue
        chunk = os.read(child.stdout.fileno(), 1 << 16)
        if not chunk:
            child.wait()
            return None
        *lines, rest = (rest + chunk).split(b"\n")
        for logged in filter(None, map(_LOGGED.match, lines)):
            if not _BEFORE_KEY_FRAME.search(logged[1]):
                return f"FFmpeg: {logged[1].decode(errors='replace').strip()}"


def _is_cut(path: Path) -> bool:
    """Whether a file is shorter than its container; these are the ones of which FFmpeg reports nothing."""
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(8)
        file.seek(max(0, size - TAIL))
        tail = file.read()
    if head.startswith(b"RIFF"):
        return size < int.from_bytes(head[4:], "little")
    if head.startswith(b"GIF8"):
        return not tail.rstrip(b"\0").endswith(b";")
    if head.startswith(b"OggS"):
        page = tail[tail.rfind(b"OggS") :]
        segments = page[OGG_HEADER : OGG_HEADER + page[OGG_HEADER - 1]] if len(page) >= OGG_HEADER else b""
        return not segments or len(page) < OGG_HEADER + len(segments) + sum(segments)
    return False


def main() -> None:
    """The child process: decode every frame; the log goes to standard output."""
    os.environ["OPENCV_FFMPEG_LOGLEVEL"] = LOG_ERRORS
    for _ in grab_frames(open_clip(Path(sys.argv[1]))):
        pass


if __name__ == "__main__":
    main()
