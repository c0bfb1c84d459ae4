from __future__ import annotations

import numpy as np
import pytest
from tests.support.annotation import LABELS, colour_share, tracked_face

from fer_edge.annotation.overlay import COLOURS, Annotator, draw_faces
from fer_edge.cameras.frame import Frame
from fer_edge.geometry import Box


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
