"""The camera of whoever opens the page: a browser sends its pictures as JPEG."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from .cameraoptions import CameraOptions
from .flaws import find_flaw
from .frames import Frame, for_search, turned

BROWSER = "browser"  # its name on the command line
NEEDS_PAGE = f"--camera {BROWSER}: the browser needs the page; give --web PORT"
TICK = 0.5  # seconds between two looks while there are no frames
PATIENCE = 2.0  # seconds without a picture that are told
LARGEST = 4096 * 4096  # pixels
NO_SIZE = {0xC4, 0xC8, 0xCC}  # markers among those of the frame headers, C0 to CF, that are none

Answer = Callable[[str | None], None]  # told once what became of a picture: what is wrong with it, or None for nothing


class PictureError(ValueError):
    """No picture that could be looked at; its text tells why."""


class _Offer(NamedTuple):
    jpeg: bytes
    time: float
    answer: Answer


class BrowserCamera:
    """Frames of pictures that are offered to it from another thread; the newest is looked at, the others are dropped.

    While none is offered it yields None, about twice a second, as a camera does that is away. `wanted` tells whether
    pictures are looked at, which they are not while it is closed.
    """

    live, name = True, BROWSER

    def __init__(self, options: CameraOptions | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock` gives seconds."""
        self.trouble: str | None = "no browser gives pictures yet"
        self.dropped = 0
        self.wanted = False
        self._options, self._clock = options or CameraOptions(), clock
        self._news = threading.Condition()
        self._newest: _Offer | None = None
        self._number = 0

    def offer(self, jpeg: bytes, answer: Answer) -> None:
        """Put a picture where the newest one lies. `answer` is called from whatever thread knows."""
        with self._news:
            older, self._newest = self._newest, _Offer(jpeg, self._clock(), answer) if self.wanted else None
            self.dropped += older is not None
            self._news.notify()
        if older:
            older.answer(None)
        if not self.wanted:
            answer("paused")

    def __iter__(self) -> Iterator[Frame | None]:
        """Yield frames, or None, without end."""
        while True:
            yield self._next()

    def close(self) -> None:
        """Look at no more pictures, until a frame is asked for again."""
        with self._news:
            self.wanted = False
            older, self._newest = self._newest, None
        if older:
            older.answer("paused")

    def _next(self) -> Frame | None:
        began = self._clock()
        self.wanted = True
        while True:
            if offer := self._take():
                try:
                    grey = decode(offer.jpeg)
                except PictureError as error:
                    offer.answer(str(error))
                else:
                    offer.answer(None)
                    return self._frame(grey, offer.time)
            waited = self._clock() - began
            if waited >= PATIENCE or (self.trouble and waited >= 0.9 * TICK):
                self.trouble = "no browser gives pictures"
                return None

    def _take(self) -> _Offer | None:
        with self._news:
            if not self._newest:
                self._news.wait(TICK)
            offer, self._newest = self._newest, None
        return offer

    def _frame(self, picture: NDArray[np.uint8], taken: float) -> Frame:
        self.trouble = None
        grey, detail = for_search(turned(picture, self._options))
        self._number += 1
        return Frame(grey, taken, self._number - 1, detail=detail)


def decode(jpeg: bytes) -> NDArray[np.uint8]:
    """The picture, uint8 [H,W]. Raises PictureError for anything that is not the whole of a JPEG of reasonable size.

    Its size is looked at first: a few bytes can ask for gigabytes. Nothing but a JPEG gets as far as OpenCV, which
    would read a dozen formats.
    """
    width, height = jpeg_size(jpeg)
    if width * height > LARGEST:
        raise PictureError(f"a picture of {width}x{height} is too large")
    if not jpeg.endswith(b"\xff\xd9"):
        raise PictureError("the JPEG is cut short")
    picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_GRAYSCALE | cv2.IMREAD_IGNORE_ORIENTATION)
    if picture is None:
        raise PictureError("the JPEG is damaged")
    grey = np.asarray(picture, np.uint8)
    if flaw := find_flaw(grey):
        raise PictureError(flaw)
    return grey


def jpeg_size(jpeg: bytes) -> tuple[int, int]:
    """Width and height by the frame header of a JPEG (ITU-T T.81, B.2.2). Raises PictureError when it has none."""
    place = 2
    while jpeg.startswith(b"\xff\xd8\xff") and place + 9 <= len(jpeg) and jpeg[place] == 0xFF:
        marker = jpeg[place + 1]
        if 0xC0 <= marker <= 0xCF and marker not in NO_SIZE:
            height, width = (int.from_bytes(jpeg[place + at : place + at + 2]) for at in (5, 7))
            if width and height:
                return width, height
            break
        place += 2 + int.from_bytes(jpeg[place + 2 : place + 4])
    raise PictureError("not a JPEG")
