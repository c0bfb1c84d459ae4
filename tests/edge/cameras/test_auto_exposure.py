"""The exposure mode that a scene's illuminance leads to, with the fake of picamera2."""

from __future__ import annotations

import pytest
from tests.support.clock import FakeClock
from tests.support.fake_picamera2 import fake_picamera2

from fer_edge.cameras.auto_exposure import BRIGHT_LUX, CHECK_INTERVAL, DARK_LUX, LONG, NORMAL, AutoExposure

BETWEEN = (DARK_LUX + BRIGHT_LUX) / 2  # lux


class Scene:
    """A camera that runs, and its exposure.

    Attributes:
        hardware: Of the fake camera.
        clock: The clock of the exposure.
    """

    def __init__(self) -> None:
        library = fake_picamera2()
        self.hardware, self.clock = library.hardware, FakeClock()
        self._camera = library.Picamera2()
        self._camera.configure(self._camera.create_video_configuration({"size": (640, 480), "format": "YUV420"}))
        self._camera.start()
        self._exposure: AutoExposure | None = None

    def run(self, lux: float | None, seconds: float = CHECK_INTERVAL, frames: int = 1) -> None:
        """Update the exposure with this number of frames, which are spread over this time."""
        self.hardware.lux = lux
        self._exposure = self._exposure or AutoExposure(self._camera, self.clock.monotonic)
        for _ in range(frames):
            with self._camera.captured_request(wait=1.0) as request:
                self._exposure.update(request)
            self.clock.advance(seconds / frames)

    @property
    def modes(self) -> list[int]:
        """The modes that the camera has received."""
        return [controls["AeExposureMode"] for controls in self.hardware.received_controls]


@pytest.fixture
def scene() -> Scene:
    return Scene()


def test_a_dark_scene_sets_the_mode_long_once(scene: Scene) -> None:
    scene.run(DARK_LUX - 1, seconds=60, frames=1800)
    assert scene.modes == [LONG]


def test_a_bright_scene_stays_in_the_mode_normal(scene: Scene) -> None:
    scene.run(400, seconds=60, frames=1800)
    assert scene.modes == [NORMAL]


def test_the_mode_follows_the_light(scene: Scene) -> None:
    for lux in (400, 1, 400, 1):
        scene.run(lux)
    assert scene.modes == [NORMAL, LONG, NORMAL, LONG]


@pytest.mark.parametrize(("before", "mode"), [(DARK_LUX - 1, LONG), (BRIGHT_LUX, NORMAL)])
def test_between_the_thresholds_the_mode_stays(scene: Scene, before: float, mode: int) -> None:
    for lux in (before, BETWEEN, DARK_LUX, BRIGHT_LUX - 0.1):
        scene.run(lux)
    assert scene.modes == [mode]


def test_between_the_thresholds_a_camera_starts_in_the_mode_normal(scene: Scene) -> None:
    scene.run(BETWEEN)
    assert scene.modes == [NORMAL]


def test_a_change_of_light_is_checked_once_per_interval_not_for_each_frame(scene: Scene) -> None:
    scene.run(400, seconds=0)
    scene.run(1, seconds=0.99 * CHECK_INTERVAL, frames=30)
    assert scene.modes == [NORMAL]
    scene.run(400, seconds=0.02 * CHECK_INTERVAL)
    scene.run(1)
    assert scene.modes == [NORMAL, LONG]


def test_a_camera_that_reports_no_illuminance_gets_no_mode(scene: Scene) -> None:
    scene.run(None, seconds=10, frames=10)
    assert scene.modes == []


def test_while_no_illuminance_is_reported_the_mode_stays(scene: Scene) -> None:
    for lux in (1, None, None, 1):
        scene.run(lux)
    assert scene.modes == [LONG]


def test_a_camera_that_does_not_offer_the_control_gets_no_mode(scene: Scene) -> None:
    del scene.hardware.controls["AeExposureMode"]
    scene.run(1, seconds=10, frames=10)
    assert scene.modes == []
