"""Cameras with an HTTP address: a stream of JPEGs, a single picture that is polled, or any video that FFmpeg reads."""

from __future__ import annotations

import logging
from functools import partial
from http.client import HTTPException, HTTPResponse

import cv2

from fer_edge.cameras.base import FRAME_TIMEOUT, POLL_INTERVAL, Camera, CameraError, CameraImage
from fer_edge.cameras.cures import CHECK_ADDRESS
from fer_edge.cameras.frame import scale_for_search
from fer_edge.cameras.http_client import BodyReader, HttpClient
from fer_edge.cameras.jpeg import MAX_PIXELS, decode_colour
from fer_edge.cameras.jpeg_markers import is_jpeg
from fer_edge.cameras.opencv import EARLY_SHARE
from fer_edge.cameras.pictures import PictureError, decode
from fer_edge.clock import Clock

log = logging.getLogger(__name__)

POLL_RATE = 5  # requests per second to an address of a single picture, without --fps


class HttpCamera:
    """A camera with an HTTP address. What it delivers follows from its response.

    - A multipart stream of JPEGs is read here and not by FFmpeg, so that the size of its pictures is limited.
    - An address that gives a single picture is requested again and again.
    - Anything else is left to FFmpeg.

    Attributes:
        keeps_colour: Whether images have their colour. Pictures always do, since they are decoded again for it.
    """

    def __init__(
        self, address: str, client: HttpClient, video: Camera, fps: int | None = None, clock: Clock | None = None
    ) -> None:
        """Nothing is requested yet.

        Args:
            address: The address without its secrets.
            client: Requests the address.
            video: Reads what is neither a multipart stream nor a picture from the same address.
            fps: Frames per second to keep, or to request.
            clock: The clock for the rate.
        """
        self.name, self._address, self.keeps_colour = address, address, False
        self._client, self._video, self._fps, self._clock = client, video, fps, clock or Clock()
        self._pictures: _Stream | _Polled | None = None
        self._last_good = 0.0

    def open(self) -> None:
        """Request the address, and find out what it delivers. Raises CameraError."""
        self.close()
        self._last_good = self._clock.monotonic()
        response = self._client.get()
        kind = response.headers.get_content_maintype() if response else ""
        if response and kind == "multipart":
            boundary = str(response.headers.get_boundary("")).lstrip("-").encode(errors="replace")
            self._pictures = _Stream(BodyReader(response, self._client.limit), boundary, self._fps, self._clock)
        elif response and (kind == "image" or _begins_as_jpeg(response)):
            self._pictures = _Polled(
                BodyReader(response, self._client.limit), self._client, self._fps or POLL_RATE, self._clock
            )
            self._describe_polling(self._fps or POLL_RATE)
        else:
            if response:
                response.close()
            self._video.open()

    def read(self) -> CameraImage | None:
        """Wait for the next image that is due; None if there is none for about half a second, or it is damaged.

        Raises CameraError when the camera delivers no more.
        """
        pictures = self._pictures
        if not pictures:
            self._video.keeps_colour = self.keeps_colour
            return self._video.read()
        content = pictures.read()
        if content is None:
            return None
        now = self._clock.monotonic()
        try:
            grey = decode(content, cv2.IMREAD_GRAYSCALE, max_pixels=MAX_PIXELS)
        except PictureError as error:
            # A weak radio signal damages a few; a camera that sends nothing else is opened again.
            if now - self._last_good < FRAME_TIMEOUT:
                return None
            raise CameraError(f"its pictures cannot be read ({error.cause})", cure=CHECK_ADDRESS) from error
        self._last_good = now
        return CameraImage(*scale_for_search(grey), now, partial(decode_colour, content, max(grey.shape)))

    def close(self) -> None:
        """Close the connection. Safe to call more than once."""
        pictures, self._pictures = self._pictures, None
        if pictures:
            pictures.close()
        self._video.close()

    def _describe_polling(self, fps: int) -> None:
        if self.name == self._address:
            self.name = f"{self._address} (a single picture, requested {fps} times a second)"
            log.info("camera %s; --fps (camera.fps) changes the rate", self.name)


class _Stream:
    """The parts of a multipart body."""

    def __init__(self, body: BodyReader, boundary: bytes, fps: int | None, clock: Clock) -> None:
        self._body, self._boundary, self._monotonic = body, boundary, clock.monotonic
        self._interval = EARLY_SHARE / fps if fps else 0.0
        self._next_due = 0.0

    def read(self) -> bytes:
        """The next part that is due. Raises CameraError."""
        while True:
            content = self._body.read_part(self._boundary)
            now = self._monotonic()
            if now >= self._next_due:
                self._next_due = now + self._interval
                return content

    def close(self) -> None:
        self._body.close()


class _Polled:
    """The picture that an address gives at each request."""

    def __init__(self, body: BodyReader, client: HttpClient, fps: int, clock: Clock) -> None:
        """`body` is that of the first response."""
        self._body: BodyReader | None = body
        self._client, self._interval, self._clock = client, 1 / fps, clock
        self._next_due = clock.monotonic()

    def read(self) -> bytes | None:
        """The next picture; None if it is not due within half a second. Raises CameraError."""
        now = self._clock.monotonic()
        if (wait := self._next_due - now) > 0:
            self._clock.sleep(min(wait, POLL_INTERVAL))
            if wait > POLL_INTERVAL:
                return None
        self._next_due = max(now, self._next_due) + self._interval
        body = self._body or self._request()
        try:
            return body.read_all()
        finally:
            self.close()
            body.close()

    def close(self) -> None:
        body, self._body = self._body, None
        if body:
            body.close()

    def _request(self) -> BodyReader:
        response = self._client.get()
        if not response:
            raise CameraError("its response is not HTTP", cure=CHECK_ADDRESS)
        return BodyReader(response, self._client.limit)


def _begins_as_jpeg(response: HTTPResponse) -> bool:
    """Whether the body is a single JPEG, whatever the camera calls it. A stream of them has no length."""
    try:
        return response.length is not None and is_jpeg(response.peek(3))
    except (OSError, HTTPException):
        return False
