"""Passes frames and events from the loop over the frames on to viewers and streams of events."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from typing import Any

from fer_edge.cameras.frame import Frame
from fer_edge.events import encode
from fer_edge.run.status import RunStatus
from fer_edge.tracking.track import TrackedFace
from fer_edge.web.blur import PossibleFaces
from fer_edge.web.frame_message import FrameMessage, describe_faces
from fer_edge.web.frame_picture import FramePicture
from fer_edge.web.history import SAMPLE_INTERVAL, History
from fer_edge.web.picture_streams import PictureStreams
from fer_edge.web.viewer import Viewer

MAX_VIEWERS = 20  # pages, and streams of events and of pictures, together
MAX_FRAME_RATE = 15.0  # frames per second to a viewer
MAX_TOTAL_FRAME_RATE = 100.0  # frames per second to all viewers together, to leave CPU time for the pipeline
MAX_COLOURLESS_FRAMES = 3  # that may have been captured before the camera was asked for their colour
MAX_STREAM_BACKLOG = 200  # events that a stream may be behind
MIN_STREAM_TIME = 10.0  # seconds after which a stream makes room for a new viewer or stream
GOING_AWAY = 1001  # close code

EventStream = asyncio.Queue[dict[str, Any] | None]  # events; None: the stream has ended


class Hub:
    """Passes on what happens in a run.

    `on_frame` and `on_event` are called by the loop over the frames; everything else is called in the server's loop.
    Without viewers only the history is kept, and neither a picture nor its colour.

    Attributes:
        status: Describes the run.
        history: The last minutes of the run.
        viewers: The pages that are connected.
        pictures: The streams of pictures that are connected.
        streams: The streams of events that are connected, the oldest first, and since when.
        browser_connected: Whether a browser is connected as the camera.
    """

    def __init__(self, status: RunStatus, *, keeps_minutes: bool = False) -> None:
        """`keeps_minutes`: whether there is a history of minutes."""
        self.status = status
        self._keeps_minutes = keeps_minutes
        self.history = History()
        self.viewers: set[Viewer] = set()
        self.pictures = PictureStreams()
        self.streams: dict[EventStream, float] = {}
        self.browser_connected = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._next_frame = self._next_sample = 0.0
        self._colourless_frames: int | None = None  # since the first viewer connected; None without one

    # --- called by the loop over the frames

    def on_frame(self, frame: Frame, faces: Sequence[TrackedFace]) -> None:
        """Pass on a frame and its faces, the largest first, if one is due."""
        now = self.status.clock.monotonic()
        frame_is_due = self._has_colour(frame) and now >= self._next_frame
        sample_is_due = now >= self._next_sample
        if not (frame_is_due or sample_is_due):
            return
        described = describe_faces(frame, faces, self.status.labels, zones=bool(self.status.zones))
        if sample_is_due:
            self._next_sample = now + SAMPLE_INTERVAL
            self.call(self._add_sample, now, described)
        if frame_is_due:
            interval = max(1 / MAX_FRAME_RATE, (len(self.viewers) + len(self.pictures)) / MAX_TOTAL_FRAME_RATE)
            self._next_frame = max(self._next_frame + interval, now)
            picture = FramePicture(frame, faces, self.status.labels, self.status.zones)
            message = FrameMessage(frame.number, now, picture, described)
            self.call(self._offer_frame, message, self.status.possible_faces)

    def on_event(self, message: dict[str, Any]) -> None:
        """Pass on an event."""
        self.call(self._add_event, message)

    def _has_colour(self, frame: Frame) -> bool:
        """Whether there are viewers, and the frame has its colour or will never have it."""
        is_watched = bool(self.viewers or self.pictures)
        if is_watched != (self._colourless_frames is not None):
            self.status.keep_colour(keep=is_watched)
            self._colourless_frames = 0 if is_watched else None
        if self._colourless_frames is None:
            return False
        self._colourless_frames = MAX_COLOURLESS_FRAMES + 1 if frame.colour else self._colourless_frames + 1
        return self._colourless_frames > MAX_COLOURLESS_FRAMES

    def call(self, function: Callable[..., None], *arguments: Any) -> None:
        """Have a function called in the server's loop; from any thread."""
        with contextlib.suppress(RuntimeError):  # the loop has ended
            if self._loop:
                self._loop.call_soon_threadsafe(function, *arguments)

    # --- called in the server's loop

    def attach(self, loop: asyncio.AbstractEventLoop) -> None:
        """Set the server's loop."""
        self._loop = loop

    def make_room(self) -> bool:
        """Whether there is room for one more viewer or stream.

        If not, the oldest stream is ended: unlike a viewer it cannot show that it is read, and its reader loses nothing
        by connecting again (`Last-Event-ID`).
        """
        if len(self.viewers) + len(self.pictures) + len(self.streams) < MAX_VIEWERS:
            return True
        stream, since = next(iter(self.streams.items()), (None, 0.0))
        if stream is None or self.status.clock.monotonic() - since < MIN_STREAM_TIME:
            return False
        del self.streams[stream]
        end_stream(stream)
        return True

    def add_stream(self, stream: EventStream) -> None:
        """Pass events on to a stream from now on."""
        self.streams[stream] = self.status.clock.monotonic()

    def initial_message(self, *, login: bool) -> str:
        """The first message to a viewer, `hello`. `login`: whether the page has a token."""
        now = self.status.clock.monotonic()
        start = encode(
            {
                "type": "hello",
                "device": self.status.device,
                **self.status.info,
                "browser": self.status.browser is not None,
                "oriented": self.status.browser is not None and self.status.browser.is_oriented,
                "history": self._keeps_minutes,
                "login": login,
                "zones": self._describe_zones(),
                "now": now,
            }
        )
        return f"{start[:-1]},{self.history.json_members(now)}}}"

    def broadcast(self, message: dict[str, Any]) -> None:
        """Send a message to all viewers."""
        text = encode(message)
        for viewer in self.viewers:
            viewer.send(text)

    def broadcast_zones(self) -> None:
        """Send the zones to all viewers."""
        self.broadcast({"type": "zones", "zones": self._describe_zones()})

    async def close(self) -> None:
        """Disconnect everyone."""
        for stream in self.streams:
            end_stream(stream)
        self.pictures.end()
        await asyncio.gather(*(viewer.close(GOING_AWAY, "the sensor has ended") for viewer in list(self.viewers)))

    def _describe_zones(self) -> list[dict[str, Any]]:
        return [{"name": zone.name, "polygon": zone.polygon, "ignore": zone.ignored} for zone in self.status.zones]

    def _add_sample(self, now: float, faces: list[dict[str, Any]]) -> None:
        self.broadcast(self.history.add_sample(now, faces))

    def _offer_frame(self, frame: FrameMessage, possible_faces: PossibleFaces) -> None:
        for viewer in self.viewers:
            viewer.offer_frame(frame)
        self.pictures.offer(frame.time, frame.picture, possible_faces, self.status.zones)

    def _add_event(self, message: dict[str, Any]) -> None:
        self.history.add_event(message)
        self.broadcast({"type": "event", "event": message})
        for stream in self.streams:
            if stream.full():
                end_stream(stream)
            else:
                stream.put_nowait(message)


def end_stream(stream: EventStream) -> None:
    """End a stream after the events that are queued."""
    if stream.full():
        stream.get_nowait()
    stream.put_nowait(None)
