"""Which pictures are delayed, and that the faces in them are hidden before they are found and after they are lost."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.support.scenes import HEIGHT, WIDTH, Face, scene

from fer_edge.cameras.frame import Frame
from fer_edge.detection.base import Detectors
from fer_edge.detection.still_detector import StillDetector
from fer_edge.geometry import Box
from fer_edge.inference.classifier import EmotionClassifier
from fer_edge.pipeline import Pipeline
from fer_edge.web.blur import DELAY, HOLD, BlurDelay, PossibleFaces
from fer_edge.web.frame_picture import FramePicture
from fer_edge.zones import Zone

FPS = 8.0  # so that the times are exact
SIZE = 120  # of a face, pixels
NOISE = np.random.default_rng(0).integers(0, 255, (HEIGHT, WIDTH), np.uint8)


def picture() -> FramePicture:
    return FramePicture(Frame(NOISE, 0.0, 0), [], [])


def is_hidden(image: NDArray[np.uint8], original: NDArray[np.uint8], box: Box) -> bool:
    """Whether hardly anything of what was in a box is left."""
    x, y, w, h = box.clipped(WIDTH, HEIGHT)
    part = slice(y, y + h), slice(x, x + w)
    return bool((np.abs(image[part].astype(int) - original[part]) <= 1).mean() < 0.3)


def play(faces: list[PossibleFaces | None], zones: list[Zone] | None = None) -> Iterator[tuple[int, FramePicture]]:
    """Yield each picture that is released, and at which frame. `faces` has None while there are no frames."""
    delay = BlurDelay()
    for number, possible in enumerate(faces):
        if possible is not None:
            for hidden in delay.add(number / FPS, picture(), possible, zones or []):
                yield number, hidden


def test_pictures_are_released_after_the_delay_and_those_of_the_first_second_are_dropped() -> None:
    released = [number for number, _ in play([{}] * 60)]
    assert released == list(range(round((HOLD + DELAY) * FPS), 60))


def test_after_an_interruption_the_pictures_before_it_are_dropped() -> None:
    faces: list[PossibleFaces | None] = [{}] * 40
    faces[30:] = [*[None] * 50, *[{}] * 40]
    assert [number for number, _ in play(faces) if number > 29] == list(range(80 + round((HOLD + DELAY) * FPS), 120))


def test_a_slow_camera_has_its_pictures_released_too() -> None:
    delay = BlurDelay()
    assert sum(len(delay.add(3.0 * number, picture(), {})) for number in range(10)) >= 6


def test_an_ignored_zone_is_hidden_since_nobody_searches_for_faces_in_it() -> None:
    zone = Zone("poster", ((0.5, 0.5), (0.7, 0.5), (0.7, 0.9), (0.5, 0.9)), ignored=True)
    other = Zone("desk", ((0.0, 0.0), (0.2, 0.0), (0.2, 0.3), (0.0, 0.3)))
    for _, released in play([{}] * 30, [zone, other]):
        assert is_hidden(released.image, NOISE, Box(320, 240, 128, 192))
        assert np.array_equal(released.image[:190], NOISE[:190])


@pytest.mark.parametrize("faces", ["found late", "lost", "only candidates"])
def test_a_face_is_hidden_before_it_is_found_and_after_it_is_lost(faces: str) -> None:
    box = Box(200, 150, SIZE, SIZE)
    known: list[PossibleFaces] = {
        "found late": [*[{}] * 24, *[{"a": box}] * 36],
        "lost": [*[{"a": box}] * 21, *[{}] * 39],
        "only candidates": [{number: box} if number % 10 == 0 else {} for number in range(60)],
    }[faces]
    last = {"found late": 60, "lost": 20 + round(HOLD * FPS), "only candidates": 60}[faces]
    first = 24 - round(DELAY * FPS) if faces == "found late" else 0
    hidden = [
        is_hidden(released.image, NOISE, box)
        for number, released in play(list(known))
        if first <= number - DELAY * FPS <= last
    ]
    assert len(hidden) > 5
    assert all(hidden)


def test_a_face_that_crosses_the_picture_is_hidden_from_its_first_frame_to_its_last(
    classifier: EmotionClassifier,
) -> None:
    speed = 250  # pixels per second
    pipeline, delay = Pipeline(classifier), BlurDelay()
    still = StillDetector(0.1, Detectors())
    sources: list[tuple[NDArray[np.uint8], Box]] = []
    visible = leaks = found = 0
    waiting: list[int] = []
    steps = round(FPS * (WIDTH + 2 * SIZE) / speed)
    for number in range(round(2 * FPS) + steps + round((DELAY + 1) * FPS)):
        moved = min(max(0, number - 2 * FPS), steps) * speed / FPS
        face = Face("luciano.png", moved - SIZE, 220, SIZE)
        source = scene(face)
        sources.append((source, face.box))
        pipeline.step(Frame(source, number / FPS, number))
        if number / FPS >= HOLD:
            waiting.append(number)
        current = FramePicture(Frame(source, 0.0, number), [], [])
        for released in delay.add(number / FPS, current, pipeline.possible_faces):
            source, box = sources[waiting.pop(0)]
            inside = box.clipped(WIDTH, HEIGHT)
            if inside.area > 0.7 * box.area:  # the rest is no face that anybody would recognise
                visible += 1
                leaks += not is_hidden(released.image, source, inside)
                found += len(still.detect(released.image, None))
    assert visible > 5
    assert (leaks, found) == (0, 0)
