"""The camera of whoever opens the page: a browser sends its pictures as JPEG."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fer_edge.cameras.frame import Frame, oriented, scaled_for_search
from fer_edge.cameras.jpeg import decode
from fer_edge.cameras.pictures import PictureError
from fer_edge.config.camera import CameraOptions
from fer_edge.errors import Problem, UsageError

BROWSER = "browser"  # its name on the command line
POLL_INTERVAL = 0.5  # seconds between two looks while there are no frames
TIMEOUT = 2.0  # seconds without a picture that are told
OPEN_PAGE = "open the live page in a browser and let it use its camera"


Answer = Callable[[str | None], None]  # told once what became of a picture: what is wrong with it, or None for nothing


def missing_page_error() -> UsageError:
    """The error of a browser as camera in a run without the live page."""
    return UsageError(f"{BROWSER}: needs the live page", setting="camera.source", cure="add --web or web.listen")


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
        self.problem: Problem | None = Problem("no browser sends pictures yet", OPEN_PAGE)
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
            if waited >= TIMEOUT or (self.problem and waited >= 0.9 * POLL_INTERVAL):
                self.problem = Problem("no browser sends pictures", OPEN_PAGE)
                return None

    def _take(self) -> _Offer | None:
        with self._news:
            if not self._newest:
                self._news.wait(POLL_INTERVAL)
            offer, self._newest = self._newest, None
        return offer

    def _frame(self, picture: NDArray[np.uint8], taken: float) -> Frame:
        self.problem = None
        grey, detail = scaled_for_search(oriented(picture, self._options))
        self._number += 1
        return Frame(grey, taken, self._number - 1, detail=detail)
