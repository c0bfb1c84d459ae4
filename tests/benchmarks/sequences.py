"""Scenes of 640x480: the shipped faces pasted into the shipped backgrounds, and the shipped clips.

The noise of a sensor is added to every frame, so that a still scene is as still as a camera shows it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from tests.support.scenes import HEIGHT, MEDIA, WIDTH, Face, Picture, paste_faces, read_grey

from fer_edge.cameras.files import VideoFile
from fer_edge.cameras.frame import Frame
from fer_edge.geometry import Box

FPS = 30.0
FRAMES = 90  # of a scene
NOISE = 2.0  # grey levels, standard deviation

Background = Callable[[int], Picture]  # by the number of the frame
Faces = Callable[[int], list[Face]]


@dataclass(frozen=True)
class Sequence:
    """A scene.

    Attributes:
        name: Its name in the table.
        kind: Which target applies to its cost, see `scoring.MAX_COST`.
        frames: Its frames.
        truth: For each frame the faces that are at least partly in it; None for a clip, whose faces are not annotated.
    """

    name: str
    kind: str
    frames: list[Frame]
    truth: list[list[Box]] | None


def sequences() -> Iterator[Sequence]:
    """Every scene, one at a time, since each takes memory."""
    plain, busy, outdoors = _plain(), _busy(), _outdoors()

    def phase(number: int) -> float:
        """Of a movement that repeats after all frames of a scene."""
        return number * 2 * math.pi / FRAMES

    yield _scene("one still", "one", plain, lambda _: [Face("astronaut.png", 320, 220, 110)])
    yield _scene("one still, small", "one", plain, lambda _: [Face("luciano.png", 200, 200, 56)])
    yield _scene("one moving", "one", plain, lambda n: [_swaying("luciano.png", phase(n), 90)])
    yield _scene("one growing", "one", plain, lambda n: [Face("grace_hopper.bmp", 320, 240, 60 + 2 * n)])
    yield _scene("entering, leaving", "one", plain, lambda n: [Face("astronaut.png", -80 + 9 * n, 240, 100)])
    yield _scene("one, busy, still", "busy", _panned(busy, 0), lambda _: [Face("luciano.png", 330, 250, 90)])
    yield _scene("one, busy, moving", "busy", _panned(busy, 0), lambda n: [_swaying("astronaut.png", phase(n), 90)])
    yield _scene("one, camera pans", "busy", _panned(busy, 2), lambda n: [_swaying("luciano.png", phase(n), 80)])
    yield _scene(
        "two", "two", plain, lambda n: [_swaying("luciano.png", phase(n), 80, 180), _still("astronaut.png", 470)]
    )
    yield _scene(
        "two, one enters",
        "two",
        plain,
        lambda n: [Face("luciano.png", -300 + 8 * n, 210, 80), _still("astronaut.png", 520)],
    )
    yield _scene(
        "two, one turns up", "two", outdoors, lambda n: [_swaying("astronaut.png", phase(n), 90), *_appearing(n)]
    )
    yield _scene("two crossing", "two", plain, _crossing)
    yield _scene("four", "four", outdoors, lambda n: _four(phase(n)))
    yield _scene("four still", "four", plain, lambda _: _four(0.0))
    yield _scene("none, still", "none still", outdoors, lambda _: [])
    yield _scene("none, busy, still", "none still", _panned(busy, 0), lambda _: [])
    yield _scene("none, one walks", "none moving", _walked(plain), lambda _: [])
    yield _scene("none, camera pans", "none moving", _panned(busy, 3), lambda _: [])
    yield _clip("clip: head turns", "one", "intel_head_pose_female.mp4")
    yield _clip("clip: people walk", "two", "intel_walking_and_pause.mp4")


def _scene(name: str, kind: str, background: Background, faces: Faces) -> Sequence:
    noise = np.random.default_rng(1)
    frames, truth = [], []
    for number in range(FRAMES):
        picture = paste_faces(background(number), faces(number)) + noise.normal(0, NOISE, (HEIGHT, WIDTH))
        frames.append(Frame(picture.clip(0, 255).astype(np.uint8), number / FPS, number))
        truth.append([box for face in faces(number) if (box := face.box).clipped(WIDTH, HEIGHT).area])
    return Sequence(name, kind, frames, truth)


def _clip(name: str, kind: str, file: str) -> Sequence:
    """A clip, forwards, backwards and forwards again, in the size of the other scenes."""
    pictures = [
        cv2.copyMakeBorder(cv2.resize(frame.grey, (WIDTH, 360)), 60, 60, 0, 0, cv2.BORDER_REPLICATE)
        for frame in VideoFile(MEDIA / file)
    ]
    order = [*pictures, *pictures[::-1], *pictures]
    frames = [Frame(np.asarray(picture, np.uint8), n / 12.5, n) for n, picture in enumerate(order)]
    return Sequence(name, kind, frames, None)


def _still(name: str, x: float) -> Face:
    return Face(name, x, 230, 96)


def _swaying(name: str, angle: float, size: float, x: float = 320) -> Face:
    reach = 110 if x == 320 else 60
    return Face(name, x + reach * math.sin(angle), 240 + 40 * math.sin(2 * angle), size * (1 + 0.15 * math.cos(angle)))


def _appearing(number: int) -> list[Face]:
    return [Face("luciano.png", 90, 150, 64)] if number >= FRAMES // 2 else []


def _crossing(number: int) -> list[Face]:
    return [Face("luciano.png", 560 - 5.5 * number, 235, 84), Face("astronaut.png", 70 + 5.5 * number, 250, 96)]


def _four(angle: float) -> list[Face]:
    sway = 25 * math.sin(angle)
    return [
        Face("luciano.png", 100 + sway, 140, 84),
        Face("astronaut.png", 270, 330 - sway, 100),
        Face("grace_hopper.bmp", 420 - sway, 130, 92),
        Face("happy-baby.jpeg", 550, 320 + sway, 96),
    ]


def _plain() -> Background:
    """A wall lit from one side."""
    wall = np.tile(np.linspace(70, 170, WIDTH), (HEIGHT, 1)).astype(np.uint8)
    return lambda _: wall


def _outdoors() -> Background:
    """Lawn and buildings, from the picture without a face."""
    room = cv2.resize(read_grey("no_face.png")[110:494], (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
    return lambda _: np.asarray(room, np.uint8)


def _busy() -> Background:
    """A mosaic of pictures without a face, twice as wide as a frame: a texture that causes false detections."""
    rng = np.random.default_rng(4)
    piece, wide = 80, 2 * WIDTH  # pixels
    source = [cv2.resize(read_grey("no_face.png"), (1024, 1024)), _without_face("grace_hopper.bmp")]
    wall = np.zeros((HEIGHT, wide), np.uint8)
    for top in range(0, HEIGHT, piece):
        for left in range(0, wide, piece):
            picture = source[int(rng.integers(len(source)))]
            y, x = (int(rng.integers(0, side - piece)) for side in picture.shape)
            wall[top : top + piece, left : left + piece] = picture[y : y + piece, x : x + piece]
    return lambda n: wall[:, n : n + WIDTH]


def _without_face(name: str) -> Picture:
    grey = read_grey(f"faces/{name}")
    return np.ascontiguousarray(grey[-200:])


def _panned(background: Background, speed: int) -> Background:
    return lambda n: background(speed * n)


def _walked(background: Background) -> Background:
    """A person without a frontal face walks across the background."""
    figure = cv2.resize(read_grey("no_face.png")[60:400, 150:330], (150, 300), interpolation=cv2.INTER_AREA)

    def picture(n: int) -> Picture:
        scene = background(n).copy()
        left = 5 * n
        scene[150:450, left : left + 150] = figure[:, : WIDTH - left]
        return scene

    return picture
