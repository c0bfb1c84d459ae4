from __future__ import annotations

import math

import pytest

from fer_edge.geometry import Box

BOX = Box(10, 20, 40, 60)


def test_area_and_centre() -> None:
    assert BOX.area == 2400
    assert BOX.centre == (30, 50)


@pytest.mark.parametrize("other", [BOX, Box(0, 0, 5, 5), Box(30, 40, 100, 10), Box(-7, 90, 1, 1)])
def test_the_hull_is_the_smallest_box_around_both(other: Box) -> None:
    hull = BOX.hull(other)
    assert hull == other.hull(BOX)
    assert (BOX.intersection(hull), other.intersection(hull)) == (BOX.area, other.area)
    assert hull.x in {BOX.x, other.x}
    assert hull.x + hull.w in {BOX.x + BOX.w, other.x + other.w}
    assert hull.y in {BOX.y, other.y}
    assert hull.y + hull.h in {BOX.y + BOX.h, other.y + other.h}


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


@pytest.mark.parametrize(
    ("box", "inside"),
    [
        (Box(0, 0, 640, 480), True),
        (Box(-50, -50, 100, 100), True),  # centred on the first corner
        (Box(-51, 0, 100, 100), False),
        (Box(590, 0, 100, 100), False),
        (Box(589, 429, 100, 100), True),
        (Box(101, 288, 400, 400), False),
    ],
)
def test_a_box_is_centred_in_a_picture_if_its_centre_is_inside(box: Box, inside: bool) -> None:
    assert box.is_centred_in(640, 480) == inside


def test_a_translated_box_keeps_its_size() -> None:
    assert BOX.translated(2.4, -30.6) == Box(12, -11, 40, 60)


def test_a_scaled_box_keeps_its_centre() -> None:
    assert BOX.scaled(1.5) == Box(0, 5, 60, 90)
    assert BOX.scaled(0.5) == Box(20, 35, 20, 30)


def test_a_padded_box_grows_on_each_side() -> None:
    assert BOX.padded(5) == Box(5, 15, 50, 70)


@pytest.mark.parametrize(
    ("angle", "corners"),
    [
        (0, [(10, 20), (50, 20), (50, 80), (10, 80)]),
        (90, [(60, 30), (60, 70), (0, 70), (0, 30)]),
        (-90, [(0, 70), (0, 30), (60, 30), (60, 70)]),
        (180, [(50, 80), (10, 80), (10, 20), (50, 20)]),
    ],
)
def test_the_corners_of_a_turned_box_begin_with_its_own_top_left(
    angle: float, corners: list[tuple[float, float]]
) -> None:
    assert BOX.turned_corners(angle) == [pytest.approx(corner) for corner in corners]


def test_a_box_is_turned_clockwise_about_its_centre() -> None:
    corners = Box(0, 0, 100, 100).turned_corners(30)
    assert corners[0] == pytest.approx((31.70, -18.30), abs=0.01)  # the top left corner moves up and to the right
    assert [math.dist(corner, (50, 50)) for corner in corners] == [pytest.approx(math.hypot(50, 50))] * 4
    sides = [math.dist(corners[n], corners[n - 1]) for n in range(4)]
    assert sides == [pytest.approx(100)] * 4


@pytest.mark.parametrize(
    ("angle", "bounds"),
    [(0, BOX), (45, Box(-6, 14, 72, 72)), (-45, Box(-6, 14, 72, 72)), (30, Box(-3, 14, 66, 72))],
)
def test_the_bounds_of_a_turned_box_are_the_smallest_upright_box_around_it(angle: float, bounds: Box) -> None:
    found = BOX.turned_bounds(angle)
    assert found == bounds
    for x, y in BOX.turned_corners(angle):
        assert found.x - 1e-9 <= x <= found.x + found.w + 1e-9
        assert found.y - 1e-9 <= y <= found.y + found.h + 1e-9


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
