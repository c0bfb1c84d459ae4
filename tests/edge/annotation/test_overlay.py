from __future__ import annotations

import itertools

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from tests.support.annotation import LABELS, colour_share, tracked_face

from fer_edge.annotation.overlay import COLOURS, ZONE_COLOUR, Annotator, draw_faces, draw_zones
from fer_edge.cameras.frame import Frame
from fer_edge.geometry import Box
from fer_edge.tracking.track import TrackedFace
from fer_edge.zones import Zone


def test_labels_are_within_the_picture_and_do_not_cover_each_other() -> None:
    """Two faces side by side at the top, one in the corner, and one as large as the picture."""
    boxes = [Box(10, 0, 40, 40), Box(54, 0, 40, 40), Box(280, 200, 40, 40), Box(0, 0, 320, 240)]
    for number, box in enumerate(boxes, start=1):
        picture = np.zeros((240, 320, 3), np.uint8)
        draw_faces(picture, [tracked_face(number, box)], LABELS)
        plate = (picture == COLOURS[number - 1]).all(axis=-1).sum()
        assert plate > 800, box  # the whole label, not only its part within the picture
    picture = np.zeros((240, 320, 3), np.uint8)
    draw_faces(picture, [tracked_face(number, box) for number, box in enumerate(boxes, start=1)], LABELS)
    for number in range(1, 5):
        assert (picture == COLOURS[number - 1]).all(axis=-1).sum() > 800, number


@pytest.mark.parametrize(("emotion", "text"), [(1, "4: neutral 25%"), (None, "4: unsure")])
def test_a_label_names_the_track_and_the_emotion_with_its_score(
    emotion: int | None, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[str] = []
    monkeypatch.setattr(cv2, "putText", lambda picture, text, *_: drawn.append(text) or picture)
    draw(tracked_face(4, Box(100, 100, 50, 50), emotion))
    assert drawn == [text]


@pytest.mark.parametrize("label", ["happy", "a label that is longer than any picture of this size could hold"])
def test_a_label_is_scaled_down_to_the_width_of_the_picture(label: str) -> None:
    picture = np.zeros((48, 48, 3), np.uint8)
    draw_faces(picture, [tracked_face(1, Box(4, 4, 40, 40))], [label])
    assert (picture == COLOURS[0]).all(axis=-1).any()


def test_boxes_of_a_smaller_frame_are_drawn_at_the_size_of_the_picture() -> None:
    picture = np.zeros((480, 640, 3), np.uint8)
    draw_faces(picture, [tracked_face(1, Box(100, 100, 50, 50))], LABELS, frame_scale=0.5)
    assert colour_share(COLOURS[0], picture[200:300, 200], tolerance=0) == 1


def test_a_picture_is_oriented_before_it_is_annotated() -> None:
    annotator = Annotator(LABELS, orient=lambda picture: np.ascontiguousarray(picture[:, ::-1]))
    picture = np.zeros((480, 640, 3), np.uint8)
    picture[:, :320] = 50
    frame = Frame(np.zeros((240, 320), np.uint8), 0.0, 0)
    annotated = annotator.annotate(picture, frame, [tracked_face(1, Box(200, 100, 50, 50))])
    assert (annotated[400, [0, 639]] == [[0] * 3, [50] * 3]).all()
    assert colour_share(COLOURS[0], annotated[200:300, 400], tolerance=0) == 1


def draw(*faces: TrackedFace, size: int = 320) -> NDArray[np.uint8]:
    """A white picture, `size` pixels wide and three quarters as high, with faces drawn."""
    picture = np.full((size * 3 // 4, size, 3), 255, np.uint8)
    draw_faces(picture, faces, LABELS)
    return picture


def text_of(picture: NDArray[np.uint8]) -> Box:
    """The bounding box of all text, which alone is dark."""
    return Box(*cv2.boundingRect((picture.max(axis=-1) < 120).astype(np.uint8)))


def polygon_mask(box: Box, angle: float, shape: tuple[int, ...]) -> NDArray[np.bool]:
    """Whether each pixel is inside the turned box."""
    mask = np.zeros(shape[:2], np.uint8)
    cv2.fillPoly(mask, [np.rint(np.array(box.turned_corners(angle))).astype(np.int32)], 1)
    return mask > 0


def part_of(mask: NDArray[np.bool], box: Box) -> NDArray[np.bool]:
    return mask[box.y : box.y + box.h, box.x : box.x + box.w]


@pytest.mark.parametrize("angle", [20, -35, 45, 90, 0.5])
def test_the_outline_of_a_tilted_face_is_turned(angle: float) -> None:
    box = Box(110, 80, 100, 100)
    picture = draw(tracked_face(1, box, angle=angle))
    corners = np.array(box.turned_corners(angle))
    for start, end in itertools.pairwise([*corners, corners[0]]):
        points = np.rint(start + np.linspace(0.05, 0.95, 50)[:, None] * (end - start)).astype(int)
        # Of the pixels around each point, the one that is farthest from white.
        darkest = [picture[y - 2 : y + 2, x - 2 : x + 2].min(axis=(0, 1)) for x, y in points]
        assert colour_share(COLOURS[0], np.array(darkest)) == 1
    inside = polygon_mask(box.scaled(0.9), angle, picture.shape)
    assert (picture[inside] == 255).all()


@pytest.mark.parametrize("box", [Box(110, 80, 100, 100), Box(-20, 30, 60, 60), Box(290, 200, 60, 60)])
def test_an_upright_face_is_outlined_by_a_rectangle(box: Box) -> None:
    expected = np.full((240, 320, 3), 255, np.uint8)
    cv2.rectangle(expected, box[:4], COLOURS[0], 1, cv2.LINE_AA)
    picture = draw(tracked_face(1, box))
    different = Box(*cv2.boundingRect((picture != expected).any(axis=-1).astype(np.uint8)))
    text = text_of(picture)
    assert different.intersection(text) == text.area
    assert different.h < 2 * text.h  # nothing but the label


def test_a_face_that_is_hardly_tilted_is_outlined_where_the_upright_one_is() -> None:
    box = Box(110, 80, 100, 100)
    upright, tilted = (draw(tracked_face(1, box, angle=angle))[82:].astype(int) for angle in (0, 0.01))
    assert np.abs(upright - tilted).max() < 60


@pytest.mark.parametrize("angle", [20, -35, 45])
@pytest.mark.parametrize("x", [-30, 0, 110, 220, 250])
@pytest.mark.parametrize("y", [-30, 0, 70, 140, 170])
def test_the_label_of_a_tilted_face_is_in_the_picture_and_not_on_the_face(x: int, y: int, angle: float) -> None:
    box = Box(x, y, 100, 100)
    text = text_of(draw(tracked_face(1, box, angle=angle)))
    free = text_of(draw(tracked_face(1, Box(110, 70, 100, 100))))
    assert text[2:] == free[2:]  # nothing of it is cut off
    label = text.padded(2)
    assert label.clipped(320, 240) == label
    assert not part_of(polygon_mask(box.scaled(0.98), angle, (240, 320)), label).any()


@pytest.mark.parametrize("angle", [20, -20, 40])
def test_the_label_of_a_tilted_face_as_high_as_the_picture_is_in_a_corner_beside_the_face(angle: float) -> None:
    box = Box(220, 140, 600, 600)
    text = text_of(draw(tracked_face(1, box, angle=angle), size=960))
    assert text.clipped(960, 720) == text
    assert text[2:] == text_of(draw(tracked_face(1, Box(300, 300, 99, 99)), size=960))[2:]
    assert part_of(polygon_mask(box, angle, (720, 960)), text).mean() < 0.1


def test_a_label_does_not_cover_a_tilted_face_beyond_its_upright_box() -> None:
    """The second face is above the first."""
    first, second = Box(190, 240, 60, 60), Box(170, 100, 100, 100)
    between = 205  # the label of the second face is above this row
    for angle, is_above in ((0, True), (45, False)):
        picture = draw(tracked_face(1, first), tracked_face(2, second, angle=angle), size=480)
        text = text_of(picture[between:]).translated(0, between)
        assert (text.y < first.y) == is_above
        assert text.intersection(second.turned_bounds(angle)) == 0


def test_zones_have_an_outline_and_a_name_and_ignored_ones_are_dimmed(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[str] = []
    monkeypatch.setattr(cv2, "putText", lambda picture, text, *_: drawn.append(text) or picture)
    zones = [
        Zone("sofa", ((0, 0.5), (0.5, 0.5), (0.5, 1), (0, 1))),
        Zone("telly", ((0.5, 0), (1, 0), (1, 0.5)), ignored=True),
    ]
    picture = np.full((240, 320, 3), 100, np.uint8)
    annotator = Annotator(LABELS, zones=zones)
    annotated = annotator.annotate(picture, Frame(np.zeros((120, 160), np.uint8), 0.0, 0), [])
    assert set(drawn) == {"sofa", "telly"}
    assert colour_share(ZONE_COLOUR, annotated[125:235, 160]) == 1  # the right side of the sofa
    assert (annotated[200, 80] == 100).all()
    assert (annotated[40, 270] == 40).all()
    assert (annotated[100, 180] == 100).all()  # in the bounding box of the triangle, but outside it


@pytest.mark.parametrize("size", [(1, 1), (32, 32), (240, 320)])
def test_the_name_of_a_zone_of_any_size_stays_in_the_picture(size: tuple[int, int]) -> None:
    zones = [Zone("n" * 64, ((1 - side, 1 - side), (1, 1 - side), (1, 1))) for side in (1e-6, 0.1, 1.0)]
    picture = np.full((*size, 3), 100, np.uint8)
    draw_zones(picture, zones)
    assert (picture != 100).any()
