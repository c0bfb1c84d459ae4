"""Which zone a face belongs to; `test_pipeline_zones` plays clips with zones."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fer_edge.geometry import Box
from fer_edge.zones import Zone, find_zone, is_ignored

SIZE = (640, 480)


def rectangle(name: str, left: float, top: float, right: float, bottom: float, *, ignored: bool = False) -> Zone:
    return Zone(name, ((left, top), (right, top), (right, bottom), (left, bottom)), ignored)


SOFA, ROOM = rectangle("sofa", 0, 0.5, 0.5, 1), rectangle("room", 0, 0, 1, 1)
POSTER = rectangle("poster", 0.25, 0.5, 0.5, 0.75, ignored=True)


@pytest.mark.parametrize(
    ("zones", "centre", "name"),
    [
        ((), (160, 360), None),
        ((SOFA,), (160, 360), "sofa"),
        ((SOFA,), (480, 360), None),
        ((SOFA, ROOM), (80, 360), "sofa"),
        ((ROOM, SOFA), (80, 360), "room"),
        ((ROOM, SOFA, POSTER), (200, 300), "poster"),
    ],
)
def test_a_face_belongs_to_the_first_zone_that_holds_its_centre_unless_an_ignored_one_does(
    zones: tuple[Zone, ...], centre: tuple[int, int], name: str | None
) -> None:
    zone = find_zone(zones, Box(centre[0] - 30, centre[1] - 30, 60, 60), SIZE)
    assert (zone and zone.name) == name
    assert is_ignored(zones, Box(centre[0] - 30, centre[1] - 30, 60, 60), SIZE) == (name == "poster")


def test_of_a_face_at_the_edge_the_part_inside_the_frame_counts_as_in_its_event() -> None:
    edge = rectangle("edge", 0, 0, 0.03, 1)
    assert find_zone((edge,), Box(-70, 100, 100, 100), SIZE) == edge
    assert find_zone((edge,), Box(-20, 100, 100, 100), SIZE) is None


def test_a_face_leaves_its_zone_only_when_its_centre_is_a_tenth_of_its_width_outside() -> None:
    left, right = rectangle("left", 0, 0, 0.5, 1), rectangle("right", 0.5, 0, 1, 1)

    def name_at(x: int, previous: str | None, *zones: Zone) -> str | None:
        zone = find_zone(zones, Box(x - 50, 200, 100, 100), SIZE, previous)
        return zone and zone.name

    assert [name_at(x, "left", left, right) for x in (318, 328, 332)] == ["left", "left", "right"]
    assert [name_at(x, "left", left) for x in (318, 328, 332)] == ["left", "left", None]
    assert [name_at(x, None, left) for x in (318, 322)] == ["left", None]
    assert name_at(322, "left", left, replace(right, ignored=True)) == "right"
    assert name_at(160, "room", rectangle("bed", 0, 0, 0.5, 1), ROOM) == "bed"


def test_a_polygon_need_not_be_convex() -> None:
    corner = Zone("corner", ((0, 0), (1, 0), (1, 0.2), (0.2, 0.2), (0.2, 1), (0, 1)))
    assert [corner.contains(x, y) for x, y in ((0.1, 0.9), (0.9, 0.1), (0.1, 0.1), (0.5, 0.5), (0.9, 0.9))] == [
        True,
        True,
        True,
        False,
        False,
    ]


@given(st.floats(0, 1, exclude_max=True), st.floats(0, 1, exclude_max=True))
def test_zones_that_share_borders_divide_the_frame_without_gap_or_overlap(x: float, y: float) -> None:
    triangles = [Zone("upper", ((0, 0), (1, 0), (1, 1))), Zone("lower", ((0, 0), (1, 1), (0, 1)))]
    columns = [rectangle(str(number), number / 3, 0, (number + 1) / 3, 1) for number in range(3)]
    for zones in (triangles, columns):
        assert sum(zone.contains(x, y) for zone in zones) == 1
