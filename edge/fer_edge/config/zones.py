"""The zones in the configuration file: one table under each [[zones]]."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from itertools import combinations
from typing import Annotated, Any

from msgspec import Meta

from fer_edge.config.addresses import quote
from fer_edge.config.setting import ValueType
from fer_edge.zones import Point, Zone

MAX_ZONES = 64
MAX_POINTS = 256  # of a polygon
MAX_NAME = 64  # characters
GRID = 1_000_000  # polygons are checked in whole millionths of the image, so that no rounding hides a crossing

Polygon = tuple[Point, ...]
GridPoint = tuple[int, int]
Edge = tuple[GridPoint, GridPoint]
Coordinate = Annotated[float, Meta(ge=0, le=1)]

TABLES = ValueType(list[dict[str, Any]], "tables, each under a line [[zones]]")
EXAMPLE = (
    {"name": "sofa", "box": [0.0, 0.4, 0.5, 0.6]},
    {"name": "television", "polygon": [[0.7, 0.1], [1.0, 0.05], [1.0, 0.4], [0.7, 0.45]], "ignore": True},
)


def parse_zones(tables: Sequence[Mapping[str, Any]]) -> tuple[Zone, ...]:
    """Return the zones. Raises ValueError, which names the zone, its key and value, and what would be right."""
    if len(tables) > MAX_ZONES:
        raise ValueError(f"{len(tables)} zones are too many: up to {MAX_ZONES} are allowed")
    zones: dict[str, Zone] = {}
    for number, table in enumerate(tables, start=1):
        name = table.get("name")
        try:
            zone = _parse_zone(table)
            if zone.name in zones:
                raise ValueError("name: an earlier zone has the same name; each needs its own")
        except ValueError as error:
            named = f" {quote(name)}" if name and isinstance(name, str) else ""
            raise ValueError(f"zone {number}{named}: {error}") from error
        zones[zone.name] = zone
    return tuple(zones.values())


def _parse_zone(table: Mapping[str, Any]) -> Zone:
    values = {key: _parse_value(key, value) for key, value in table.items()}
    if "name" not in values:
        raise ValueError('name is missing: add name = "..."')
    if "box" in values and "polygon" in values:
        raise ValueError("box and polygon: a zone has one of them, remove the other")
    polygon = values.get("box") or values.get("polygon")
    if not polygon:
        raise ValueError("box or polygon is missing: add box = [x, y, width, height]")
    return Zone(values["name"], polygon, values.get("ignore", False))


def _parse_value(key: str, value: Any) -> Any:
    """Return a value as Zone holds it. Raises ValueError, which begins with the key."""
    if key not in KEYS:
        closest = difflib.get_close_matches(key, KEYS, 1)
        raise ValueError(
            f"{quote(key)} is unknown; " + (f"did you mean {closest[0]}?" if closest else f"known: {', '.join(KEYS)}")
        )
    value_type, parse = KEYS[key]
    try:
        return parse(value_type.check(value))
    except ValueError as error:
        raise ValueError(f"{key}: {error}") from error


def _parse_name(name: str) -> str:
    if not name.strip() or not name.isprintable() or len(name) > MAX_NAME:
        raise ValueError(f"{quote(name)} must be 1 to {MAX_NAME} printable characters")
    return name


def _parse_box(box: tuple[float, float, float, float]) -> Polygon:
    x, y, w, h = box
    polygon = ((x, y), (x + w, y), (x + w, y + h), (x, y + h))
    if x + w > 1 or y + h > 1:
        raise ValueError(f"{quote(list(box))} must end inside the image: x + width and y + height up to 1")
    if not _area(_on_grid(polygon)):
        raise ValueError(f"{quote(list(box))} must have a width and a height above 0")
    return polygon


def _parse_polygon(points: list[Point]) -> Polygon:
    corners = _on_grid(points)
    for (first, a), (second, b) in combinations(enumerate(corners, start=1), 2):
        if a == b:
            raise ValueError(f"points {first} and {second} are the same, {quote(list(points[first - 1]))}: remove one")
    edges = list(zip(corners, [*corners[1:], corners[0]], strict=True))
    for (first, edge), (second, other) in combinations(enumerate(edges, start=1), 2):
        if _meet(edge, other):
            raise ValueError(
                f"the edges from points {first} and {second} cross or touch: list the corners in order around the zone"
            )
    return tuple(points)


def _on_grid(points: Sequence[Point]) -> list[GridPoint]:
    return [(round(GRID * x), round(GRID * y)) for x, y in points]


def _area(corners: Sequence[GridPoint]) -> int:
    """Twice the area that a polygon encloses, by the shoelace formula."""
    return abs(sum(_turn((0, 0), a, b) for a, b in zip(corners, [*corners[1:], corners[0]], strict=True)))


def _turn(a: GridPoint, b: GridPoint, c: GridPoint) -> int:
    """Above 0 if the way from a over b to c turns clockwise, below 0 if counter-clockwise, 0 if it is straight."""
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


def _meet(one: Edge, other: Edge) -> bool:
    """Whether two edges of a polygon have a point in common, beyond the corner that neighbours share."""
    (a, b), (c, d) = one, other
    shared = {a, b} & {c, d}
    if shared:
        (start,), (end,), (corner,) = {a, b} - shared, {c, d} - shared, shared
        return _turn(start, corner, end) == 0 and (_lies_on(start, (corner, end)) or _lies_on(end, (corner, start)))
    if any(_lies_on(point, edge) for point, edge in ((a, other), (b, other), (c, one), (d, one))):
        return True
    return _turn(a, b, c) * _turn(a, b, d) < 0 and _turn(c, d, a) * _turn(c, d, b) < 0


def _lies_on(point: GridPoint, edge: Edge) -> bool:
    (x, y), (a, b) = point, edge
    within = min(a[0], b[0]) <= x <= max(a[0], b[0]) and min(a[1], b[1]) <= y <= max(a[1], b[1])
    return within and _turn(a, b, point) == 0


KEYS: dict[str, tuple[ValueType, Callable[[Any], Any]]] = {
    "name": (ValueType(str, "a text, in quotes"), _parse_name),
    "box": (
        ValueType(
            tuple[Coordinate, Coordinate, Coordinate, Coordinate],
            "[x, y, width, height], as fractions of the image from 0 to 1",
        ),
        _parse_box,
    ),
    "polygon": (
        ValueType(
            Annotated[list[tuple[Coordinate, Coordinate]], Meta(min_length=3, max_length=MAX_POINTS)],
            f"3 to {MAX_POINTS} points [x, y], as fractions of the image from 0 to 1",
        ),
        _parse_polygon,
    ),
    "ignore": (ValueType(bool, "true or false"), bool),
}
