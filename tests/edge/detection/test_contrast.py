from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.support.face_search import RecordingNetwork
from tests.support.scenes import PORTRAITS, Face, scene

from fer_edge.detection.contrast import BRIGHT_INTERVAL, DARK, MAX_GAIN, SHARES, SMOOTHING, ContrastStretch
from fer_edge.detection.network_search import NetworkSearch
from fer_edge.detection.pyramid import Pyramid
from fer_edge.detection.scan import scaled_for_motion

Picture = NDArray[np.uint8]
FPS = 30
LEVELS: Picture = np.arange(256, dtype=np.uint8)[None]  # one pixel of each grey level
BRIGHT_FRAME = scene(Face("luciano.png", 320, 240, 150), background=160)


def gradient(brightest: float, darkest: float = 0.0) -> Picture:
    """A picture whose grey levels are evenly spread."""
    levels = np.linspace(darkest, brightest, 1000).round().astype(np.uint8)
    return np.tile(levels, (10, 1))


def stretched(picture: Picture) -> Picture:
    """A single frame after the stretch."""
    stretch = ContrastStretch()
    stretch.update(picture, 0.0)
    return stretch.apply(picture)


def levels_after(stretch: ContrastStretch, picture: Picture, time: float) -> NDArray[np.float64]:
    """What each grey level becomes in a frame."""
    stretch.update(picture, time)
    return stretch.apply(LEVELS)[0].astype(np.float64)


def bright_part(picture: Picture) -> float:
    return float(np.quantile(picture, SHARES[1]))


@pytest.mark.parametrize("picture", [BRIGHT_FRAME, gradient(255), gradient(DARK + 5), np.full((48, 64), 255, np.uint8)])
def test_a_bright_frame_is_not_even_copied(picture: Picture) -> None:
    assert stretched(picture) is picture


def test_a_bright_scene_is_measured_at_an_interval_and_a_dark_one_in_every_frame(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    measured: list[float] = []
    update = ContrastStretch.update
    monkeypatch.setattr(
        ContrastStretch, "update", lambda self, picture, time: (measured.append(time), update(self, picture, time))
    )
    stretch, bright, dark = ContrastStretch(), Pyramid(BRIGHT_FRAME), Pyramid((0.1 * BRIGHT_FRAME).astype(np.uint8))
    times = [number / 20 for number in range(40)]
    for time in times[:20]:
        stretch.stretch(bright, time)
    assert len(measured) == pytest.approx(times[20] / BRIGHT_INTERVAL, abs=1)
    stretched_at = [time for time in times[20:] if stretch.stretch(dark, time) is not dark]
    assert next(time for time in measured if time >= times[20]) - times[20] < BRIGHT_INTERVAL
    assert stretched_at[0] - times[20] < SMOOTHING
    assert stretched_at == [time for time in measured if time >= stretched_at[0]] == times[-len(stretched_at) :]


def test_a_clock_that_steps_back_does_not_stop_the_measurement() -> None:
    stretch, dark = ContrastStretch(), Pyramid((0.1 * BRIGHT_FRAME).astype(np.uint8))
    stretch.stretch(Pyramid(BRIGHT_FRAME), 1000.0)
    assert stretch.stretch(dark, 1.0) is not None
    assert stretch.stretch(dark, 9.0) is not dark


@pytest.mark.parametrize("light", [0.5, 0.2, 0.1])
def test_a_dark_frame_becomes_as_bright_as_the_level_and_keeps_the_order_of_its_greys(light: float) -> None:
    dark = (light * BRIGHT_FRAME).astype(np.uint8)
    result = stretched(dark)
    assert bright_part(dark) < DARK
    assert bright_part(result) == pytest.approx(DARK, abs=MAX_GAIN / 2)
    assert (result.shape, result.dtype) == (dark.shape, np.uint8)
    stretch = ContrastStretch()
    assert (np.diff(levels_after(stretch, dark, 0.0)) >= 0).all()


def test_a_scaled_down_frame_is_measured_and_the_full_one_is_stretched() -> None:
    dark = (0.2 * BRIGHT_FRAME).astype(np.uint8)
    small, full = ContrastStretch(), ContrastStretch()
    small.update(scaled_for_motion(Pyramid(dark)), 0.0)
    full.update(dark, 0.0)
    difference = small.apply(dark).astype(np.float64) - full.apply(dark)
    assert np.abs(difference).max() <= 10


def test_the_dark_part_comes_closer_to_black_the_darker_the_frame_is() -> None:
    results = [float(stretched(gradient(bright, bright / 2))[0, 0]) for bright in (120, 110, 80, 40)]
    assert results[0] == pytest.approx(60, abs=2)
    assert all(darker < brighter for brighter, darker in pairwise(results))


def test_the_gain_is_limited() -> None:
    stretch = ContrastStretch()
    assert np.diff(levels_after(stretch, gradient(3), 0.0)).max() <= MAX_GAIN + 1


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (60, 80)])
def test_a_black_picture_stays_black(shape: tuple[int, int]) -> None:
    black = np.zeros(shape, np.uint8)
    assert not stretched(black).any()


@pytest.mark.parametrize("grey", [20, 50, 119, 120, 255])
@pytest.mark.parametrize("shape", [(1, 1), (60, 80)])
def test_a_uniform_picture_becomes_as_bright_as_the_level(shape: tuple[int, int], grey: int) -> None:
    assert np.unique(stretched(np.full(shape, grey, np.uint8))).tolist() == [max(grey, DARK)]


def test_the_stretch_of_uniform_frames_that_vary_about_the_level_does_not_amplify_their_noise() -> None:
    for number in range(20):
        noise = np.random.default_rng(number).normal(0, 2, (60, 80))
        frame = (DARK - 6 + noise + (number % 2) * 4).round().astype(np.uint8)
        assert stretched(frame).std() < 1.3 * frame.std()


def test_the_stretch_sets_in_gradually_as_frames_become_darker() -> None:
    frames = [gradient(brightest) for brightest in range(135, 60, -1)]
    gains = [float(stretched(frame).mean() / frame.mean()) for frame in frames]
    assert gains[0] == 1
    assert max(abs(after - before) for before, after in pairwise(gains)) < 0.06
    assert gains[-1] == pytest.approx(DARK / 61, rel=0.03)


@pytest.mark.parametrize("interval", [1 / FPS, 10.0])
def test_frames_that_vary_about_the_level_vary_no_more_once_they_are_stretched(interval: float) -> None:
    stretch, results = ContrastStretch(), []
    for number in range(20):
        frame = gradient(DARK + (4 if number % 2 else -4))
        stretch.update(frame, number * interval)
        results.append(stretch.apply(frame).astype(np.float64))
    assert max(np.abs(after - before).max() for before, after in pairwise(results)) <= 8 + 1


@pytest.mark.parametrize(("before", "after"), [(200, 20), (200, 60), (40, 10)])
def test_when_the_light_goes_out_no_grey_level_changes_faster_than_the_smoothing_allows(
    before: int, after: int
) -> None:
    history = levels_through_a_jump(before, after)
    weight = 1 - math.exp(-1 / FPS / SMOOTHING)
    assert max(np.abs(later - earlier).max() for earlier, later in pairwise(history)) <= 1.2 * 255 * weight
    assert np.abs(history[-1] - levels_after(ContrastStretch(), gradient(after), 0.0)).max() <= 5


@pytest.mark.parametrize(("before", "after"), [(20, 200), (20, 60)])
def test_when_the_light_goes_on_every_grey_level_falls_steadily_to_its_end(before: int, after: int) -> None:
    history = levels_through_a_jump(before, after)
    assert all((later <= earlier).all() for earlier, later in pairwise(history))
    assert (history[1] - history[-1]).max() > 50, "the stretch follows at once"
    assert np.abs(history[-1] - levels_after(ContrastStretch(), gradient(after), 0.0)).max() <= 5


def levels_through_a_jump(before: int, after: int) -> list[NDArray[np.float64]]:
    """What each grey level becomes in the last frame before the light changes, and in those after it."""
    stretch = ContrastStretch()
    history = [levels_after(stretch, gradient(before), 0.0)]
    history += [levels_after(stretch, gradient(after), n / FPS) for n in range(1, round(12 * SMOOTHING * FPS))]
    return history


def test_halfway_through_its_time_constant_the_stretch_has_not_followed_yet() -> None:
    stretch, frame = ContrastStretch(), gradient(40)
    stretch.update(gradient(200), 0.0)
    stretch.update(frame, SMOOTHING / 2)
    assert stretch.apply(frame) is frame
    stretch.update(frame, 4 * SMOOTHING)
    assert stretch.apply(frame).max() > 80


def test_the_stretch_depends_on_the_time_that_has_passed_not_on_the_number_of_frames() -> None:
    seldom, often = ContrastStretch(), ContrastStretch()
    for stretch in (seldom, often):
        stretch.update(gradient(200), 0.0)
    for number in range(1, 31):
        often.update(gradient(40), number / 30)
    seldom.update(gradient(40), 1.0)
    assert np.abs(seldom.apply(LEVELS).astype(np.float64) - often.apply(LEVELS)).max() <= 1


def test_a_clock_that_steps_back_does_not_change_the_stretch() -> None:
    stretch = ContrastStretch()
    before = levels_after(stretch, gradient(60), 100.0)
    assert (levels_after(stretch, gradient(30), 50.0) == before).all()


def test_after_a_reset_the_next_frame_counts_at_once() -> None:
    stretch, dark = ContrastStretch(), gradient(30)
    stretch.update(gradient(200), 0.0)
    stretch.reset()
    assert stretch.apply(dark) is dark
    stretch.update(dark, 0.1)
    assert (stretch.apply(dark) == stretched(dark)).all()


def test_the_stretch_is_deterministic() -> None:
    rng = np.random.default_rng(0)
    frames = [rng.integers(0, limit, (60, 80), np.uint8) for limit in rng.integers(20, 250, 40)]

    def play() -> list[list[float]]:
        stretch = ContrastStretch()
        return [levels_after(stretch, frame, number / FPS).tolist() for number, frame in enumerate(frames)]

    assert play() == play()


def test_the_gain_is_steady_under_the_noise_of_a_dark_scene() -> None:
    stretch, noise, gains = ContrastStretch(), np.random.default_rng(0), []
    for number in range(16):
        dark = 0.1 * BRIGHT_FRAME + noise.normal(0, 2, BRIGHT_FRAME.shape)
        frame = scaled_for_motion(Pyramid(dark.clip(0, 255).round().astype(np.uint8)))
        levels = levels_after(stretch, frame, number / FPS)
        gains.append((levels[16] - levels[10]) / 6)
    assert min(gains) > 5
    assert max(gains) - min(gains) < 0.1 * min(gains)


@pytest.mark.parametrize("name", PORTRAITS)
@pytest.mark.parametrize("light", [0.3, 0.5, 0.7])
def test_a_small_face_before_a_plain_dim_wall_is_still_detected(
    network: RecordingNetwork, name: str, light: float
) -> None:
    face, noise = Face(name, 320, 240, 48), np.random.default_rng(0)
    dim = light * scene(face) + noise.normal(0, 1, (480, 640))
    picture = stretched(dim.clip(0, 255).round().astype(np.uint8))
    detection = NetworkSearch(network).verify(Pyramid(picture), face.box, 0)
    assert detection
    assert detection.box.iou(face.box) > 0.5
