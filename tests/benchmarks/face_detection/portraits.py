"""The faces of the shipped pictures and clips, with where they truly are.

The boxes were measured with the face network and checked by eye: the square of a FER-2013 picture, about as wide as a
box of the Haar cascade.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from tests.support.media import HEAD, WALK
from tests.support.scenes import read_grey

from fer_edge.cameras.files import VideoFile
from fer_edge.geometry import Box

SURROUNDINGS = (3.5, 2.6)  # width and height of the part that is cut out of a clip, in widths of the face


class TrueFace(NamedTuple):
    """Where a face is: its centre, pixels, its width, pixels, and its tilt, degrees clockwise."""

    x: float
    y: float
    side: float
    angle: float

    @property
    def box(self) -> Box:
        """Its square, upright."""
        return Box(round(self.x - self.side / 2), round(self.y - self.side / 2), round(self.side), round(self.side))


class Portrait(NamedTuple):
    """A picture, uint8 [H,W], with the face in it."""

    picture: NDArray[np.uint8]
    face: TrueFace


# Left, top, width and tilt.
PICTURES = {
    "angry.jpg": (57, 428, 1095, 3),
    "astronaut.png": (163, 55, 119, 4),
    "bryan.png": (30, 25, 50, 0),
    "grace_hopper.bmp": (150, 97, 232, -4),
    "happy-baby.jpeg": (464, 141, 279, -5),
    "luciano.png": (124, 59, 154, -4),
    "neutral.jpeg": (209, 320, 553, 3),
    "surprised.jpeg": (637, 289, 405, -5),
}
# The same by the number of the frame: three persons in the one clip, and a head, nearly frontal, in the other.
WALKERS = {
    "left": {0: (94, 99, 41, 2), 8: (73, 90, 52, 4), 20: (52, 81, 61, 4), 40: (46, 80, 64, 5)},
    "middle": {0: (201, 86, 47, 6), 8: (198, 77, 60, 10), 20: (198, 65, 67, 4), 40: (194, 65, 69, 1)},
    "right": {0: (301, 102, 47, 3), 12: (334, 98, 61, 6), 20: (339, 100, 64, 4), 40: (340, 95, 71, 5)},
}
HEAD_BOXES = {9: (189, 59, 81, -2), 18: (199, 62, 79, 3)}
WALKER_FRAMES = {"left": (8, 40), "middle": (20, 40), "right": (12, 40)}  # those whose faces are cut out


@cache
def portraits() -> dict[str, Portrait]:
    """All faces, sorted by name: a file, or a person of a clip and the number of a frame."""
    return dict(sorted([*_pictures(), *_clips()], key=lambda item: item[0]))


def _pictures() -> Iterator[tuple[str, Portrait]]:
    for name, numbers in PICTURES.items():
        yield name, Portrait(read_grey(f"faces/{name}"), _true_face(*numbers))


def _clips() -> Iterator[tuple[str, Portrait]]:
    walk, head = ([frame.grey for frame in VideoFile(clip)] for clip in (WALK, HEAD))
    for who, numbers in WALKER_FRAMES.items():
        for number in numbers:
            yield f"{who} walker {number}", _cut(walk[number], _true_face(*WALKERS[who][number]))
    for number, box in HEAD_BOXES.items():
        yield f"head {number}", _cut(head[number], _true_face(*box))


def walker_face(who: str, number: int) -> TrueFace:
    """Where one of WALKERS is in a frame of the clip, interpolated between the measured frames."""
    boxes = WALKERS[who]
    return _true_face(*(float(np.interp(number, list(boxes), values)) for values in zip(*boxes.values(), strict=True)))


def _true_face(left: float, top: float, side: float, angle: float) -> TrueFace:
    return TrueFace(left + side / 2, top + side / 2, side, angle)


def _cut(picture: NDArray[np.uint8], face: TrueFace) -> Portrait:
    """The surroundings of a face."""
    width, height = (round(factor * face.side) for factor in SURROUNDINGS)
    part = Box(round(face.x - width / 2), round(face.y - height / 2), width, height)
    x, y, w, h = part.clipped(picture.shape[1], picture.shape[0])
    return Portrait(picture[y : y + h, x : x + w], face._replace(x=face.x - x, y=face.y - y))
