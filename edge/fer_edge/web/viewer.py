"""A page that shows the run live."""

from __future__ import annotations

from aiohttp import web

from fer_edge.web.channel import Channel
from fer_edge.web.frame_message import FrameMessage

MAX_REQUESTED_FRAMES = 2


class Viewer(Channel):
    """The WebSocket of a page. It gets one frame per request, the newest, so that a slow page skips frames.

    Attributes:
        with_picture: Whether frames are sent with their picture.
    """

    def __init__(self, request: web.Request) -> None:
        super().__init__(request)
        self.with_picture = True
        self._requested = 0
        self._frame: FrameMessage | None = None  # the newest that was not sent

    def request_frame(self) -> None:
        """The page wants one more frame."""
        self._requested = min(self._requested + 1, MAX_REQUESTED_FRAMES)
        if self._frame:
            self.has_output.set()

    def offer_frame(self, frame: FrameMessage) -> None:
        """Replace the frame to be sent by a newer one."""
        self._frame = frame
        if self._requested:
            self.has_output.set()

    async def flush(self) -> None:
        """Send the queued texts, then the newest frame if one was requested."""
        await super().flush()
        if self._requested and self._frame:
            frame, self._frame = self._frame, None
            self._requested -= 1
            await self.socket.send_bytes(frame.encode(picture=self.with_picture))
