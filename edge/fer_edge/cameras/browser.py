"""The webcam of the browser that shows the live page; it sends its images as JPEG."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

import cv2

from fer_edge.cameras.base import FRAME_TIMEOUT, POLL_INTERVAL, SourceKind
from fer_edge.cameras.frame import Frame, orient, orient_colour, scale_for_search
from fer_edge.cameras.jpeg import decode_colour, decode_jpeg
from fer_edge.cameras.mailbox import Mailbox
from fer_edge.cameras.pictures import PictureError
from fer_edge.config.camera import CameraOptions
from fer_edge.errors import Problem, UsageError

BROWSER = "browser"  # the value of --camera
OPEN_PAGE = "open the live page in a browser and let it use its camera"

Reply = Callable[[str | None], None]  # called once for each image with what is wrong with it, or None


def missing_page_error() -> UsageError:
    """The error of a browser as camera in a run without the live page."""
    return UsageError(f"{BROWSER}: needs the live page", setting="camera.source", cure="add --web or web.listen")


class _Offer(NamedTuple):
    jpeg: bytes
    time: float
    reply: Reply


class BrowserCamera:
    """Yields the newest image offered from another thread, or None about twice a second while there is no image.

    Attributes:
        problem: Why there are no frames at present; None when there are.
        accepting: Whether images are accepted: not from `close` until the next frame is asked for.
    """

    live, name, keeps_colour = True, BROWSER, True

    def __init__(
        self,
        options: CameraOptions | None = None,
        monotonic: Callable[[], float] = time.monotonic,
        *,
        poll_interval: float = POLL_INTERVAL,
        frame_timeout: float = FRAME_TIMEOUT,
    ) -> None:
        """`monotonic`, `poll_interval` and `frame_timeout` are in seconds."""
        self.problem: Problem | None = Problem("no browser sends pictures yet", OPEN_PAGE)
        self.accepting = True
        self._options, self._monotonic = options or CameraOptions(), monotonic
        self._poll_interval, self._frame_timeout = poll_interval, frame_timeout
        self._offers = Mailbox[_Offer]()
        self._number = 0  # of the next frame

    @property
    def is_oriented(self) -> bool:
        """Whether its images are rotated or flipped, so that the browser's own video differs from the frames."""
        return bool(self._options.rotate or self._options.flip)

    @property
    def dropped(self) -> int:
        """How many images were replaced by a newer one before they were decoded."""
        return self._offers.replaced

    def offer(self, jpeg: bytes, reply: Reply) -> None:
        """Offer an image, which replaces one that is still waiting. `reply` may be called in any thread."""
        if replaced := self._offers.put(_Offer(jpeg, self._monotonic(), reply)):
            replaced.reply(None)
        if not self.accepting:
            self._reject_waiting()

    def __iter__(self) -> Iterator[Frame | None]:
        """Yield frames, or None, without end."""
        while True:
            yield self._next()

    def close(self) -> None:
        """Accept no more images until a frame is asked for again."""
        self.accepting = False
        self._reject_waiting()

    def _next(self) -> Frame | None:
        began = self._monotonic()
        self.accepting = True
        while True:
            offer = self._offers.take(self._poll_interval)
            if offer and (frame := self._frame(offer)):
                return frame
            waited = self._monotonic() - began
            if waited >= self._frame_timeout or (self.problem and waited >= 0.9 * self._poll_interval):
                self.problem = Problem("no browser sends pictures", OPEN_PAGE)
                return None

    def _frame(self, offer: _Offer) -> Frame | None:
        """Decode an image and reply to its sender. None when it is unusable."""
        try:
            image = decode_jpeg(offer.jpeg)
        except PictureError as error:
            offer.reply(error.message)
            return None
        offer.reply(None)
        self.problem = None
        grey, detail = scale_for_search(orient(image, self._options))
        decode = partial(decode_colour, offer.jpeg, max(image.shape), cv2.IMREAD_IGNORE_ORIENTATION)
        self._number += 1
        return Frame(grey, offer.time, self._number - 1, detail=detail, colour=orient_colour(decode, self._options))

    def _reject_waiting(self) -> None:
        if offer := self._offers.take(timeout=0):
            offer.reply("paused")


BROWSER_KIND = SourceKind(
    "browser", matches=lambda spec: spec == BROWSER, open=lambda _, options: BrowserCamera(options)
)
