"""Passes pictures on to those who receive them without the live page, such as Home Assistant and FFmpeg."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from fer_edge.web.blur import BlurDelay, PossibleFaces
from fer_edge.web.frame_picture import FramePicture
from fer_edge.zones import Zone


class PictureStream:
    """Holds the newest picture that its reader has not taken yet, so that a slow one skips pictures.

    Attributes:
        blur: Whether faces are hidden.
    """

    def __init__(self, *, blur: bool) -> None:
        self.blur = blur
        self._picture: FramePicture | None = None
        self._has_changed = asyncio.Event()
        self._has_ended = False

    def offer(self, picture: FramePicture) -> None:
        """Replace the picture to be taken by a newer one."""
        self._picture = picture
        self._has_changed.set()

    def end(self) -> None:
        """There will be no more pictures."""
        self._has_ended = True
        self._has_changed.set()

    async def take(self) -> FramePicture | None:
        """Wait for the next picture; None at the end."""
        await self._has_changed.wait()
        self._has_changed.clear()
        picture, self._picture = self._picture, None
        return None if self._has_ended else picture


class PictureStreams:
    """The streams that are connected. To be used in the server's loop, except for their number."""

    def __init__(self) -> None:
        self._streams: set[PictureStream] = set()
        self._blur: BlurDelay | None = None  # while any of them has its faces hidden

    def __len__(self) -> int:
        """Number of streams."""
        return len(self._streams)

    def add(self, stream: PictureStream) -> None:
        """Pass pictures on to a stream from now on."""
        self._streams.add(stream)

    def remove(self, stream: PictureStream) -> None:
        """Pass no more pictures on to a stream."""
        self._streams.discard(stream)

    def end(self) -> None:
        """End all streams."""
        for stream in self._streams:
            stream.end()

    def offer(self, time: float, picture: FramePicture, faces: PossibleFaces, zones: Sequence[Zone]) -> None:
        """Pass on a picture.

        Args:
            time: When it was taken, seconds.
            picture: The picture.
            faces: Where faces may be in it.
            zones: The ignored ones among them are hidden like faces.
        """
        blurred = [stream for stream in self._streams if stream.blur]
        for stream in self._streams.difference(blurred):
            stream.offer(picture)
        if not blurred:
            self._blur = None
            return
        self._blur = self._blur or BlurDelay()
        for hidden in self._blur.add(time, picture, faces, zones):
            for stream in blurred:
                stream.offer(hidden)
