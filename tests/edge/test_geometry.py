from __future__ import annotations

import pytest

from fer_edge.geometry import Box

BOX = Box(10, 20, 40, 60)


def test_area_and_centre() -> None:
    assert BOX.area == 2400
    assert BOX.centre == (30, 50)


@pytest.mark.parametrize(
    ("other", "common"),
    [
        (BOX, 2400),
        (Box(30, 20, 40, 60), 1200),
        (Box(40, 70, 100, 100), 100),
        (Box(20, 30, 10, 10), 100),
        (Box(50, 20, 40, 60), 0),
        (Box(200, 200, 5, 5), 0),
    ],
)
def test_the_intersection_is_symmetric_and_the_iou_its_share_of_the_union(other: Box, common: int) -> None:
    assert BOX.intersection(other) == other.intersection(BOX) == common
    assert BOX.iou(other) == other.iou(BOX) == common / (BOX.area + other.area - common)


def test_a_translated_box_keeps_its_size() -> None:
    assert BOX.translated(2.4, -30.6) == Box(12, -11, 40, 60)


def test_a_scaled_box_keeps_its_centre() -> None:
    assert BOX.scaled(1.5) == Box(0, 5, 60, 90)
    assert BOX.scaled(0.5) == Box(20, 35, 20, 30)


def test_a_padded_box_grows_on_each_side() -> None:
    assert BOX.padded(5) == Box(5, 15, 50, 70)


@pytest.mark.parametrize(
    ("box", "clipped"),
    [
        (Box(10, 20, 40, 60), Box(10, 20, 40, 60)),
        (Box(-10, -20, 40, 60), Box(0, 0, 30, 40)),
        (Box(80, 90, 40, 60), Box(80, 90, 20, 10)),
        (Box(-10, -10, 200, 200), Box(0, 0, 100, 100)),
    ],
)
def test_a_clipped_box_lies_inside_the_picture(box: Box, clipped: Box) -> None:
    assert box.clipped(100, 100) == clipped


@pytest.mark.parametrize("box", [Box(-60, 0, 50, 50), Box(120, 0, 50, 50), Box(0, 300, 50, 50)])
def test_a_box_outside_the_picture_is_clipped_to_nothing(box: Box) -> None:
    assert box.clipped(100, 100).area == 0
