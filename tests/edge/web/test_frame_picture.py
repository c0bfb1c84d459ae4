"""The picture of a frame: in colour, annotated, with hidden areas."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from fer_edge.cameras.frame import Frame
from fer_edge.cameras.pictures import PictureError
from fer_edge.geometry import Box
from fer_edge.tracking.track import TrackedFace
from fer_edge.web import frame_picture
from fer_edge.web.frame_picture import CELLS, FramePicture, pixelate
from fer_edge.zones import Zone

NOISE = np.random.default_rng(0).integers(0, 255, (120, 160, 3), np.uint8)
FACE = TrackedFace(1, Box(40, 30, 60, 60), 0, np.ones(1, np.float32))


def decoded(jpeg: bytes) -> NDArray[np.uint8]:
    picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_UNCHANGED)
    assert picture is not None
    return np.asarray(picture, np.uint8)


def picture_of(grey: NDArray[np.uint8], colour: Callable[[], NDArray[np.uint8]] | None = None) -> FramePicture:
    return FramePicture(Frame(grey, 0.0, 0, colour=colour), [FACE], ["happy"])


def test_a_picture_is_in_colour_in_the_size_in_which_faces_are_searched() -> None:
    blue = np.full((960, 1280, 3), (200, 0, 0), np.uint8)
    for grey in (np.zeros((480, 640), np.uint8), np.zeros((960, 1280), np.uint8)):
        picture = decoded(picture_of(grey, lambda: blue).jpeg())
        assert picture.shape == (480, 640, 3)
        assert np.abs(picture.astype(int) - (200, 0, 0)).max() < 5


@pytest.mark.parametrize("shape", [(120, 160), (960, 1280)])
def test_a_picture_without_colour_is_grey(shape: tuple[int, int]) -> None:
    picture = decoded(picture_of(np.full(shape, 90, np.uint8)).jpeg())
    assert picture.shape == (min(480, shape[0]), min(640, shape[1]))
    assert np.all(picture == 90)


def test_a_colour_that_cannot_be_had_in_the_shape_of_the_frame_is_left_out() -> None:
    def fail() -> NDArray[np.uint8]:
        raise PictureError("gone")

    for colour in (fail, lambda: NOISE.transpose(1, 0, 2)):  # the boxes would be elsewhere
        assert decoded(picture_of(np.full((120, 160), 90, np.uint8), colour).jpeg()).shape == (120, 160)


def test_each_kind_of_jpeg_is_made_once_and_the_pixels_are_converted_once(monkeypatch: pytest.MonkeyPatch) -> None:
    made, converted = list[int](), list[int]()
    encode_jpeg = frame_picture.encode_jpeg
    monkeypatch.setattr(frame_picture, "encode_jpeg", lambda image: made.append(1) or encode_jpeg(image))
    picture = picture_of(NOISE[..., 0], lambda: converted.append(1) or NOISE)
    assert not converted
    assert len({picture.jpeg(boxes=boxes) for boxes in (False, True) * 3}) == len(made) == 2
    assert len(converted) == 1


@pytest.mark.parametrize("in_colour", [True, False])
def test_boxes_are_drawn_in_colour_over_zones(in_colour: bool) -> None:
    grey = np.zeros((120, 160), np.uint8)
    zone = Zone("poster", ((0.7, 0.5), (1.0, 0.5), (1.0, 1.0), (0.7, 1.0)), ignored=True)
    colour = (lambda: np.zeros((120, 160, 3), np.uint8)) if in_colour else None
    picture = FramePicture(Frame(grey, 0.0, 0, colour=colour), [FACE], ["happy"], [zone])
    annotated = decoded(picture.jpeg(boxes=True)).astype(int)
    assert annotated[30, 60, 1] > annotated[30, 60, 2] + 50  # the green upper edge of the box
    assert annotated[62:, 115:].max() > 150  # the outline and the name of the zone
    assert decoded(picture.jpeg()).max() < 5


@pytest.mark.parametrize(
    "area", [Box(40, 30, 60, 60), Box(-30, -20, 60, 60), Box(100, 100, 120, 120), Box(150, 20, 3, 3)]
)
def test_an_area_is_replaced_by_few_squares_and_nothing_else_changes(area: Box) -> None:
    image = NOISE.copy()
    pixelate(image, area)
    x, y, w, h = area.clipped(160, 120)
    hidden = image[y : y + h, x : x + w].reshape(-1, 3)
    assert len(np.unique(hidden, axis=0)) <= max(1, CELLS * w // area.w) * max(1, CELLS * h // area.h)
    image[y : y + h, x : x + w] = NOISE[y : y + h, x : x + w]
    assert np.array_equal(image, NOISE)


def test_an_area_outside_the_picture_hides_nothing() -> None:
    image = NOISE.copy()
    pixelate(image, Box(200, 10, 30, 30))
    assert np.array_equal(image, NOISE)


def test_hiding_leaves_the_picture_itself_as_it_is_for_those_who_may_view_it() -> None:
    picture = FramePicture(Frame(cv2.resize(NOISE[..., 0], (1280, 960)), 0.0, 0), [], [])
    before = picture.jpeg()
    hidden = decoded(picture.hide([Box(320, 240, 480, 480)]).jpeg())
    assert picture.jpeg() == before
    inside, outside = hidden[130:350, 170:390].astype(int), hidden[:110, :150].astype(int)
    assert np.abs(np.diff(inside, axis=1)).mean() < 0.2 * np.abs(np.diff(outside, axis=1)).mean()
