"""The zones of the configuration file: what is accepted, and the one line about what is not."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.support.processes import run
from tests.support.refusals import assert_refused

from fer_edge.config.loader import make_config, resolve
from fer_edge.config.toml import as_toml
from fer_edge.config.zones import EXAMPLE, KEYS, MAX_NAME, MAX_POINTS, MAX_ZONES, parse_zones
from fer_edge.errors import ConfigError
from fer_edge.zones import Zone

SOFA = '[[zones]]\nname = "sofa"\nbox = [0, 0.25, 0.5, 0.75]\n'
TELEVISION = '[[zones]]\nname = "telly"\npolygon = [[0.5, 0], [1, 0], [1, 0.5]]\nignore = true\n'


def zone(body: str) -> str:
    return f'[[zones]]\nname = "a"\n{body}\n'


def test_boxes_and_polygons_become_zones_in_the_order_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(SOFA + TELEVISION)
    assert make_config(resolve({}, {}, tmp_path / "config.toml")).pipeline.zones == (
        Zone("sofa", ((0, 0.25), (0.5, 0.25), (0.5, 1), (0, 1))),
        Zone("telly", ((0.5, 0), (1, 0), (1, 0.5)), ignored=True),
    )
    assert parse_zones(EXAMPLE)
    assert make_config(resolve({}, {})).pipeline.zones == ()


def test_the_zones_in_force_are_printed_and_read_back_as_the_same(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text(TELEVISION + SOFA)
    printed = as_toml(resolve({}, {}, file))
    assert f"[[zones]]  # {file}\n" in printed
    assert tomllib.loads(printed)["zones"] == tomllib.loads(TELEVISION + SOFA)["zones"]
    assert "\n# zones: none (default)\n" in as_toml(resolve({}, {}))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[zones]\nname = 'a'", "{'name': 'a'} must be tables, each under a line [[zones]]"),
        ("zones = 3", "3 must be tables"),
        ("zones = [3]", "[3] must be tables"),
        ("[[zones]]\nbox = [0, 0, 1, 1]", "zone 1: name is missing"),
        (SOFA + "[[zones]]\nname = ''\nbox = [0, 0, 1, 1]", "zone 2: name: '' must be 1 to 64 printable characters"),
        (f"[[zones]]\nname = '{'x' * 65}'", "must be 1 to 64 printable characters"),
        ('[[zones]]\nname = "a\\nb"', "zone 1 'a\\nb': name: 'a\\nb' must be 1 to 64 printable"),
        ('[[zones]]\nname = " "', "zone 1 ' ': name: ' ' must be 1 to 64 printable"),
        ("[[zones]]\nname = 7", "zone 1: name: 7 must be a text, in quotes"),
        (SOFA + SOFA, "zone 2 'sofa': name: an earlier zone has the same name"),
        (zone(""), "zone 1 'a': box or polygon is missing"),
        (zone("box = [0, 0, 1, 1]\npolygon = [[0, 0], [1, 0], [1, 1]]"), "zone 1 'a': box and polygon: a zone has one"),
        (zone("boxx = [0, 0, 1, 1]"), "zone 1 'a': 'boxx' is unknown; did you mean box?"),
        (zone("42 = 1"), "zone 1 'a': '42' is unknown; known: name, box, polygon, ignore"),
        (zone("ignore = 'yes'"), "zone 1 'a': ignore: 'yes' must be true or false"),
        (zone("box = [0, 0, 1]"), "zone 1 'a': box: [0, 0, 1] must be [x, y, width, height]"),
        (zone("box = [0, 0, 64, 48]"), "zone 1 'a': box: [0, 0, 64, 48] must be [x, y, width, height]"),
        (zone("box = [0, 0, nan, 1]"), "zone 1 'a': box: [0, 0, nan, 1] must be"),
        (zone("box = [0, 0, -inf, 1]"), "zone 1 'a': box: [0, 0, -inf, 1] must be"),
        (zone("box = [0, 0, true, 1]"), "zone 1 'a': box: [0, 0, True, 1] must be"),
        (zone(f"box = [0, 0, 1, 0x{'f' * 9999}]"), "zone 1 'a': box: a number of more than 4300 digits must be"),
        (zone("box = [0.5, 0, 0.6, 1]"), "zone 1 'a': box: [0.5, 0.0, 0.6, 1.0] must end inside the image"),
        (zone("box = [0.5, 0, 0, 1]"), "zone 1 'a': box: [0.5, 0.0, 0.0, 1.0] must have a width and a height above 0"),
        (zone("polygon = [[0, 0], [1, 1]]"), "zone 1 'a': polygon: [[0, 0], [1, 1]] must be 3 to 256 points"),
        (zone("polygon = [[0, 0], [1, 1], [1, 1.1]]"), "must be 3 to 256 points [x, y], as fractions of the image"),
        (zone("polygon = [[0, 0], [1, 1], [1, 0, 1]]"), "must be 3 to 256 points"),
        (zone("polygon = [[0, 0], [1, 0], [1, 1], [0, 0]]"), "polygon: points 1 and 4 are the same, [0.0, 0.0]"),
        (
            zone("polygon = [[0, 0], [1, 1], [1, 0], [0, 1]]"),
            "polygon: the edges from points 1 and 3 cross or touch: list the corners in order around the zone",
        ),
        (zone("polygon = [[0, 0], [0.1, 0.1], [0.3, 0.3]]"), "the edges from points 1 and 3 cross or touch"),
        (zone("polygon = [[0, 0], [1, 0], [1, 1], [0.5, 0]]"), "the edges from points 1 and 3 cross or touch"),
    ],
)
def test_a_wrong_zone_is_reported_in_one_line_with_its_number_name_key_and_value(
    tmp_path: Path, text: str, expected: str
) -> None:
    file = tmp_path / "config.toml"
    file.write_text(text)
    with pytest.raises(ConfigError) as refusal:
        resolve({}, {}, file)
    assert str(refusal.value).startswith(f"{file}: zones: ")
    assert expected in str(refusal.value)
    assert str(refusal.value).isprintable()


def test_what_is_just_allowed_is_accepted_and_one_more_is_not() -> None:
    box = {"box": [0.1, 0.2, 0.9, 0.8]}
    many = [{"name": f"{number:0{MAX_NAME}}", **box} for number in range(MAX_ZONES)]
    assert len(parse_zones(many)) == MAX_ZONES
    with pytest.raises(ValueError, match="65 zones are too many: up to 64"):
        parse_zones([*many, {"name": "one more", **box}])
    arc = [[number / 255, (number / 255) ** 2] for number in range(MAX_POINTS)]
    assert len(parse_zones([{"name": "arc", "polygon": arc}])[0].polygon) == MAX_POINTS
    with pytest.raises(ValueError, match="must be 3 to 256 points"):
        parse_zones([{"name": "arc", "polygon": [*arc, [0, 1]]}])


def test_a_wrong_zone_ends_the_command_and_fails_the_check(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text(SOFA.replace("0.75", "0.76"))
    line = f"{file}: zones: zone 1 'sofa': box: [0.0, 0.25, 0.5, 0.76] must end inside the image"
    assert_refused(run("fer_edge", "--config", file, "--print-config"), "fer-edge: ", line, 78)
    check = run("fer_edge", "--config", file, "--check")
    assert check.code == 1
    assert check.out.startswith(f"FAIL configuration {line}")


texts = st.text(st.characters(codec="utf-8"), max_size=70)
fractions = st.integers(0, 20).map(lambda value: value / 20)
numbers = st.one_of(fractions, st.floats(), st.integers())
points = st.lists(st.lists(fractions, min_size=2, max_size=2), min_size=2, max_size=6)
values = st.one_of(texts, st.booleans(), numbers, st.lists(numbers, max_size=5), points, st.lists(points, max_size=2))
tables = st.one_of(
    st.fixed_dictionaries({}, optional=dict.fromkeys([*KEYS, "nmae"], values)),
    st.fixed_dictionaries({"name": texts, "polygon": points}, optional={"ignore": st.booleans()}),
    st.fixed_dictionaries({"name": texts, "box": st.lists(fractions, min_size=4, max_size=4)}),
)


def written(zones: list[dict[str, Any]]) -> str:
    """A file with these zones."""

    def text(value: Any) -> str:
        if isinstance(value, list):
            return f"[{', '.join(text(each) for each in value)}]"
        return repr(value) if isinstance(value, float) else json.dumps(value, ensure_ascii=False).replace("\x7f", "")

    bodies = [[f"{key} = {text(value)}" for key, value in zone.items()] for zone in zones]
    return "\n".join("\n".join(["[[zones]]", *body]) for body in bodies)


@given(st.lists(tables, min_size=1, max_size=3))
@example([{"name": "a", "polygon": [[0.1, 0.1], [0.2, 0.2], [0.3, 0.1 + 0.2]]}])
@settings(max_examples=300, deadline=None)
def test_any_zones_are_accepted_or_reported_in_one_line(zones: list[dict[str, Any]]) -> None:
    problem, accepted = "", ()
    try:
        accepted = parse_zones(tomllib.loads(written(zones))["zones"])
    except ValueError as error:
        problem = str(error)
    assert problem.isprintable()
    assert problem.startswith("zone ") or len({zone.name for zone in accepted}) == len(zones)
    assert all(0 <= value <= 1 for zone in accepted for point in zone.polygon for value in point)
