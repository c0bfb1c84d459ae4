"""--check: the camera."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from tests.support.http_camera import http_camera, send
from tests.support.mjpeg import jpeg

from fer_edge.cameras.frame import Frame
from fer_edge.config.model import Config
from fer_edge.diagnostics.camera import check_camera
from fer_edge.diagnostics.finding import ok
from fer_edge.errors import Problem, UsageError


@pytest.mark.parametrize("camera", ["93", "/dev/video93"])
def test_a_missing_camera_fails_with_the_cure(camera: str) -> None:
    finding = check_camera(Config(camera=camera, broker=None))
    assert finding.level == "FAIL"
    assert finding.text.startswith(f"{camera}: ")
    assert "plug it in, or name another" in finding.text


def test_no_configured_camera_is_an_error() -> None:
    with pytest.raises(UsageError, match=r"none is configured: set camera\.source, or give --camera"):
        check_camera(Config(camera="", broker=None))


def test_a_browser_as_camera_is_not_waited_for() -> None:
    finding = check_camera(Config(camera="browser", broker=None))
    assert finding == ok("browser: delivers frames once the page is open in a browser")


class FakeCamera:
    """A camera that delivers frames of these brightnesses, the last one again and again. None: no frame.

    Attributes:
        now: The time in seconds; half a second passes with each frame.
    """

    live, dropped, name = True, 0, "fake"
    problem = Problem("permission denied", "join the group video")

    def __init__(self, *brightness: int | None) -> None:
        self.brightness = brightness
        self.now = 0.0
        self.closed = False

    def __iter__(self) -> Iterator[Frame | None]:
        for number, level in enumerate([*self.brightness, *[self.brightness[-1]] * 1000]):
            self.now += 0.5
            yield None if level is None else Frame(np.full((48, 64), level, np.uint8), self.now, number)

    def close(self) -> None:
        self.closed = True


@pytest.mark.parametrize(
    ("brightness", "level", "text"),
    [
        ((None, 200), "ok", "fake: 64x48"),
        ((0, 0, 200), "ok", "fake: 64x48"),
        ((0,), "warn", "fake: 64x48, all dark: is the lens covered, or is it night?"),
        ((None,), "FAIL", "fake: permission denied: join the group video"),
    ],
)
def test_a_camera_gets_time_for_its_first_frame_and_for_its_exposure(
    brightness: tuple[int | None, ...], level: str, text: str
) -> None:
    camera = FakeCamera(*brightness)
    config = Config(camera="0", broker=None)
    finding = check_camera(config, open_camera=lambda *_: camera, monotonic=lambda: camera.now)
    assert (finding.level, finding.text) == (level, text)
    assert camera.closed
    assert camera.now < 10


def test_a_camera_that_gives_one_frame_and_ends_fails() -> None:
    camera = FakeCamera(200, None)
    finding = check_camera(Config(camera="0", broker=None), open_camera=lambda *_: camera, monotonic=lambda: camera.now)
    assert (finding.level, finding.text) == (
        "FAIL",
        "fake: 64x48, but only one frame, then permission denied: join the group video",
    )


def test_an_address_of_a_single_picture_is_named_as_one() -> None:
    with http_camera(lambda handler: send(handler, jpeg(0))) as address:
        finding = check_camera(Config(camera=address, broker=None))
    assert finding == ok(f"{address} (a single picture, requested 5 times a second): 320x240")


def test_a_dark_picture_is_a_warning(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "night.png"), np.zeros((48, 64), np.uint8))
    assert check_camera(Config(camera=str(tmp_path / "night.png"), broker=None)).level == "warn"
