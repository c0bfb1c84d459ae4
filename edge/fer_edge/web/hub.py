"""Between the loop over the frames, which tells what is seen, and those who look on."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter, deque
from collections.abc import Callable, Sequence
from typing import Any

from fer_edge.cameras.frame import Frame
from fer_edge.events import encode
from fer_edge.run.controls import RunControls
from fer_edge.run.status import RunStatus
from fer_edge.tracking.track import TrackedFace
from fer_edge.web.channel import Channel
from fer_edge.web.frame_message import FrameMessage, faces_of

MOST_VIEWERS = 20  # pages and streams of events together
RATE = 15.0  # pictures a second, at most
SENT = 100.0  # pictures a second to all viewers together: many see fewer, and the engine has its time
SAMPLE = 0.5  # seconds between two samples of the time line
SPAN = 300.0  # seconds of the time line
EVENTS = 100  # that are kept for who comes later
STATUS = 2.0  # seconds between two words on how the sensor fares
LOOK = 0.25  # seconds between two looks whether that has changed
WAITING = 200  # events that a stream may be behind


class Viewer(Channel):
    """A page that looks on. It gets a frame for each that it asks for, the newest, so that a slow one loses frames."""

    most_asked = 2

    asked = 0
    picture = True
    _scene: FrameMessage | None = None

    def ask(self) -> None:
        """It wants one more frame."""
        self.asked = min(self.asked + 1, self.most_asked)
        if self._scene:
            self.news.set()

    def show(self, scene: FrameMessage) -> None:
        """This is the newest frame."""
        self._scene = scene
        if self.asked:
            self.news.set()

    async def send_ready(self) -> None:
        """Send the texts, and then the newest frame if it was asked for."""
        await super().send_ready()
        if self.asked and self._scene:
            scene, self._scene = self._scene, None
            self.asked -= 1
            await self.socket.send_bytes(scene.message(picture=self.picture))


Stream = asyncio.Queue[dict[str, Any] | None]  # events; None: it is over


class Hub:
    """Keeps what a viewer wants to know of the last minutes, and hands on what happens.

    `on_frame` and `on_event` are called by the loop over the frames, all else in the server's loop. While nobody looks
    on, a sample twice a second and the last events are all that is kept, and no picture is.
    """

    def __init__(self, status: RunStatus, controls: RunControls) -> None:
        self.run, self.controls, self.health = status, controls, status.open_health()
        self.events: deque[dict[str, Any]] = deque(maxlen=EVENTS)
        self.counts: Counter[str] = Counter()
        self.faces: list[dict[str, Any]] = []
        self.viewers: set[Viewer] = set()
        self.streams: set[Stream] = set()
        self.uploading = False  # whether a browser is the camera
        self._samples: deque[dict[str, Any]] = deque(maxlen=int(SPAN / SAMPLE))
        self._loop: asyncio.AbstractEventLoop | None = None
        self._picture_at = self._sample_at = 0.0
        self._brief: Any = None
        self._past, self._past_at = "", 0.0

    # --- the loop over the frames

    def on_frame(self, frame: Frame, tracks: Sequence[TrackedFace]) -> None:
        """A frame and its faces, the largest first."""
        now = self.run.clock.monotonic()
        shown, sampled = bool(self.viewers) and now >= self._picture_at, now >= self._sample_at
        if not (shown or sampled):
            return
        faces = faces_of(frame, tracks, self.run.labels)
        if sampled:
            self._sample_at = now + SAMPLE
            self.post(self._sample, now, faces)
        if shown:
            self._picture_at = max(self._picture_at + max(1 / RATE, len(self.viewers) / SENT), now)
            self.post(self._show, FrameMessage(frame.number, now, frame.grey, faces))

    def on_event(self, message: dict[str, Any]) -> None:
        """An event."""
        self.post(self._hear, message)

    def post(self, call: Callable[..., None], *arguments: Any) -> None:
        """Have something called in the server's loop; from any thread."""
        with contextlib.suppress(RuntimeError):  # it has ended meanwhile
            if self._loop:
                self._loop.call_soon_threadsafe(call, *arguments)

    # --- the server's loop

    def attach(self, loop: asyncio.AbstractEventLoop) -> None:
        """Name the server's loop."""
        self._loop = loop

    @property
    def full(self) -> bool:
        """Whether there are as many who look on as may."""
        return len(self.viewers) + len(self.streams) >= MOST_VIEWERS

    def hello(self, *, login: bool) -> str:
        """The first words to a viewer."""
        now = self.run.clock.monotonic()
        told = encode(
            {
                "type": "hello",
                "device": self.run.device,
                **self.run.info,
                "browser": self.run.browser is not None,
                "login": login,
                "now": now,
            }
        )
        return f"{told[:-1]},{self._told_past(now)}}}"

    def _told_past(self, now: float) -> str:
        """The last minutes, as members of a JSON object; made once for all who come within half a second."""
        if not self._past or now - self._past_at > SAMPLE:
            samples = [sample for sample in self._samples if now - sample["t"] <= SPAN]
            self._past = encode({"samples": samples, "events": list(self.events)})[1:-1]
            self._past_at = now
        return self._past

    def status(self) -> dict[str, Any]:
        """How the sensor fares."""
        return {
            "type": "status",
            "state": self.run.state(),
            "camera": self.run.camera_problem,
            "broker": self.run.broker,
            "health": self.health.message(),
            "viewers": len(self.viewers),
            "browser": self.uploading,
        }

    async def report(self) -> None:
        """Tell the viewers how the sensor fares, now and then and when it changes; without end."""
        said_at = 0.0
        while True:
            await asyncio.sleep(LOOK)
            state = {**self.run.state(), "score": None}
            brief = state, self.run.camera_problem, self.run.broker, self.uploading
            now = self.run.clock.monotonic()
            if self.viewers and (brief != self._brief or now - said_at >= STATUS):
                self._brief, said_at = brief, now
                self._tell(self.status())

    async def close(self) -> None:
        """Send everybody away."""
        for stream in self.streams:
            end(stream)
        await asyncio.gather(*(viewer.close(1001, "the sensor has ended") for viewer in list(self.viewers)))

    def _sample(self, now: float, faces: list[dict[str, Any]]) -> None:
        self.faces = faces
        told = [[face["track"], face["emotion"], face["score"]] for face in faces]
        sample = {"type": "sample", "t": round(now, 2), "faces": told}
        self._samples.append(sample)
        self._past = ""
        self._tell(sample)

    def _show(self, scene: FrameMessage) -> None:
        for viewer in self.viewers:
            viewer.show(scene)

    def _hear(self, message: dict[str, Any]) -> None:
        self.events.append(message)
        self._past = ""
        self.counts[message["type"]] += 1
        self._tell({"type": "event", "event": message})
        for stream in self.streams:
            if stream.full():
                end(stream)
            else:
                stream.put_nowait(message)

    def _tell(self, message: dict[str, Any]) -> None:
        text = encode(message)
        for viewer in self.viewers:
            viewer.tell(text)


def end(stream: Stream) -> None:
    """Let a stream end after what it has."""
    if stream.full():
        stream.get_nowait()
    stream.put_nowait(None)
