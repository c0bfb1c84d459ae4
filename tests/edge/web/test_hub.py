"""Between the loop over the frames and those who look on."""

from __future__ import annotations

import gc
import itertools
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from tests.support import WALK
from tests.support.clock import FakeClock
from tests.support.web_daemon import in_a_loop

from fer_edge.cameras.files import VideoFile
from fer_edge.cameras.frame import Frame
from fer_edge.config.model import Config
from fer_edge.config.web import WebOptions
from fer_edge.daemon import Daemon
from fer_edge.inference.classifier import EmotionClassifier
from fer_edge.web import frame_message as scene
from fer_edge.web import hub as rooms
from fer_edge.web.channel import MOST
from fer_edge.web.hub import MOST_VIEWERS, RATE, SAMPLE, SENT, SPAN, Hub, Viewer
from fer_edge.web.server import WebServer, WebServerError
from fer_edge.web.websockets import REMAINS


class Loop:
    """Carries out at once what is given to it, and counts it."""

    def __init__(self) -> None:
        self.called: list[str] = []

    def call_soon_threadsafe(self, call: Callable[..., None], *arguments: Any) -> None:
        self.called.append(call.__name__)
        call(*arguments)


class Play:
    """A run over the clip, again and again, with a clock of its own."""

    def __init__(self, classifier: EmotionClassifier) -> None:
        self.clock = FakeClock()
        config = Config(camera=str(WALK), broker=None)
        self._daemon = Daemon(config, VideoFile(WALK), classifier, clock=self.clock)
        self.status, self.controls = self._daemon.status, self._daemon.controls
        self.hub, self.loop = Hub(self.status, self.controls), Loop()
        self.hub.attach(self.loop)  # type: ignore[arg-type]
        self._frames = itertools.cycle(VideoFile(WALK))

    def run(self, seconds: float, fps: float = 25.0) -> None:
        for frame in itertools.islice(self._frames, round(seconds * fps)):
            self.clock.advance(1 / fps)
            self.controls.pipeline.step(Frame(frame.grey, self.clock.now, frame.number))
            self.hub.on_frame(frame, self.controls.pipeline.tracked_faces)


def viewer() -> Viewer:
    """One that nobody reads at the other end."""
    transport = SimpleNamespace(cut=False)
    transport.abort = lambda: setattr(transport, "cut", True)
    return Viewer(SimpleNamespace(transport=transport))  # type: ignore[arg-type]


def test_while_nobody_looks_on_no_picture_is_handed_over(classifier: EmotionClassifier) -> None:
    play = Play(classifier)
    play.run(10)
    assert set(play.loop.called) == {"_sample"}
    assert len(play.loop.called) == pytest.approx(10 / SAMPLE, abs=1)


@pytest.mark.parametrize(("fps", "shown"), [(10, 10), (25, RATE), (200, RATE)])
def test_a_viewer_is_shown_the_cameras_rate_up_to_a_bound(
    classifier: EmotionClassifier, fps: float, shown: float
) -> None:
    play = Play(classifier)
    play.hub.viewers.add(viewer())
    play.run(4, fps)
    assert play.loop.called.count("_show") == pytest.approx(4 * shown, abs=2)


def test_many_viewers_are_shown_fewer_pictures_so_that_the_engine_has_its_time(classifier: EmotionClassifier) -> None:
    play = Play(classifier)
    play.hub.viewers.update(viewer() for _ in range(MOST_VIEWERS))
    play.run(4)
    assert play.loop.called.count("_show") == pytest.approx(4 * SENT / MOST_VIEWERS, abs=2)


def test_no_jpeg_is_made_before_it_is_asked_for_and_one_for_all(
    classifier: EmotionClassifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[int] = []
    encode = scene._encode
    monkeypatch.setattr(scene, "_encode", lambda picture: made.append(1) or encode(picture))
    play, shown = Play(classifier), list[Any]()
    play.hub.viewers.add(viewer())
    monkeypatch.setattr(Viewer, "show", lambda self, one: shown.append(one))
    play.run(2)
    assert shown
    assert not made
    assert shown[-1].message(picture=False)
    assert not made
    assert len({shown[-1].message(picture=True) for _ in range(3)}) == len(made) == 1


def test_five_minutes_are_kept_and_no_more(classifier: EmotionClassifier) -> None:
    play = Play(classifier)
    for _ in range(800):
        play.clock.advance(SAMPLE)
        play.hub.on_frame(next(play._frames), [])
    hello = json.loads(play.hub.hello(login=False))
    assert hello["now"] - hello["samples"][0]["t"] == pytest.approx(SPAN, abs=2)
    assert len(hello["samples"]) <= SPAN / SAMPLE + 1


def test_a_viewer_that_takes_nothing_is_cut_off() -> None:
    stuck = viewer()
    for _ in range(MOST):
        stuck.tell("{}")
    assert not stuck._request.transport.cut  # type: ignore[union-attr]
    stuck.tell("{}")
    assert stuck._request.transport.cut  # type: ignore[union-attr]


async def visit(address: str, times: int) -> None:
    async with aiohttp.ClientSession() as session:
        for _ in range(times):
            async with session.ws_connect(address) as socket:
                await socket.receive()


def test_what_visitors_leave_behind_does_not_pile_up(classifier: EmotionClassifier) -> None:
    page = WebServer(WebOptions(("127.0.0.1", 0)), None)
    play = Play(classifier)
    page.on_start(play.status, play.controls)
    gc.collect()
    gc.disable()
    try:
        in_a_loop(visit(f"{page.url}api/live", 3 * REMAINS))
        left = sum(isinstance(thing, web.WebSocketResponse) for thing in gc.get_objects())
    finally:
        gc.enable()
        page.close()
    assert left <= REMAINS + 10


class Endless:
    """A camera that plays the clip without end."""

    name, live, dropped, problem = "fake", True, 0, None

    def __iter__(self) -> Iterator[Frame]:
        return itertools.cycle(VideoFile(WALK))

    def close(self) -> None: ...


def test_a_page_that_breaks_down_ends_the_run(
    classifier: EmotionClassifier, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    async def broken(_: Hub) -> None:
        raise RuntimeError("out of order")

    monkeypatch.setattr(rooms.Hub, "report", broken)
    page = WebServer(WebOptions(("127.0.0.1", 0)), None)
    config = Config(camera="fake", broker=None)
    with pytest.raises(WebServerError, match="the page has broken down: out of order"):
        Daemon(config, Endless(), classifier, observers=[page]).run()
