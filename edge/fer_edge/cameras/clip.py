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
from fer_edge.cameras.container import find_cut

MAX_REFUSED = 1000  # packets in a row that FFmpeg cannot decode, as before the first key frame of a recording
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


def find_damage(path: Path) -> Generator[None, None, str | None]:
    """Decode a clip in a child process. Yields about twice a second until that is done.

    Returns:
        What is wrong with the clip, or None.
    """
    if cut := find_cut(path):
        return cut
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
    rest, poll = b"", select.poll()  # unlike select, for any number of open files
    poll.register(child.stdout, select.POLLIN)
    while True:
        if not poll.poll(1000 * POLL_INTERVAL):
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


def main() -> None:
    """The child process: decode every frame; the log goes to standard output."""
    os.environ["OPENCV_FFMPEG_LOGLEVEL"] = LOG_ERRORS
    for _ in grab_frames(open_clip(Path(sys.argv[1]))):
        pass


if __name__ == "__main__":
    main()
