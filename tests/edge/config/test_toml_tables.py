"""Tables of an array are replaced in the text of a file, and nothing else changes."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fer_edge.config.toml_tables import TOKEN, replace_tables

FILE = '''# head
[camera]
source = "0"  # the one above the door
note = """
[[zones]]
name = "not a zone"
"""

# about the door
[[zones]]  # first
# inside
name = "door"
box = [0, 0, 0.4, 1]  # left
ignore = true

[[ "zones" ]]
name = "poster # not a comment"
polygon = [
  [0.1, 0.2],  # top
  [0.5, 0.2],
  [0.5, 0.5]
]
# about the page
[web]
listen = "8080"
# end'''

BOX = st.lists(st.integers(0, 100).map(lambda value: value / 100), min_size=4, max_size=4)
TEXT = st.text(st.characters(exclude_categories=["C", "Zl", "Zp"]), min_size=1, max_size=8)
ZONE = st.fixed_dictionaries({"name": TEXT, "box": BOX}, optional={"ignore": st.booleans()})
ZONES = st.lists(ZONE, max_size=4, unique_by=lambda zone: zone["name"])
COMMENT = TEXT.map(lambda text: f"# {text}")
OTHERS = st.sampled_from(
    [
        '[camera]\nsource = "[[zones]]"\n',
        "['mqtt']\nurl = '''\n[[zones]]\nname = \"x\"\n'''\n",
        '["web"]\nlisten = """a\\"""" # ]\n',
        "[[moods]]\nname = 'x' # [[zones]]\n[[moods]]\nlevels = [[1, 2], # [\n [3]]\n",
    ]
)


def toml_of(zone: dict[str, Any], comment: str) -> str:
    lines = [f"{key} = {tomllib_text(value)}" for key, value in zone.items()]
    return "\n".join(["[[zones]] " + comment, comment, *(f"{line}  {comment}" for line in lines)]) + "\n"


def tomllib_text(value: Any) -> str:
    if isinstance(value, str):
        return '"' + "".join(f"\\U{ord(character):08x}" for character in value) + '"'
    return str(value).lower()


def comments(text: str) -> list[str]:
    return sorted(token.rstrip("\r") for token in TOKEN.findall(text) if token.startswith("#"))


@settings(max_examples=150, deadline=None)
@given(ZONES, ZONES, st.lists(OTHERS, max_size=4, unique=True), COMMENT, st.sampled_from(["\n", "\r\n"]), st.data())
def test_everything_but_the_tables_is_kept(
    old: list[dict[str, Any]], new: list[dict[str, Any]], others: list[str], comment: str, end: str, data: st.DataObject
) -> None:
    kept = data.draw(st.lists(st.sampled_from(old), unique_by=lambda zone: zone["name"])) if old else []
    names = {zone["name"] for zone in kept}
    new = kept + [zone for zone in new if zone["name"] not in names]
    parts = data.draw(st.permutations([*(f"{comment}\n{other}" for other in others), ""]))
    tables = [toml_of(zone, comment) for zone in old]
    cut = data.draw(st.integers(0, len(parts)))
    text = "\n".join([comment, *parts[:cut], *tables, *parts[cut:]]).replace("\n", end)
    changed = replace_tables(text, "zones", new)
    assert tomllib.loads(changed).get("zones", []) == new
    assert {**tomllib.loads(changed), "zones": []} == {**tomllib.loads(text), "zones": []}
    assert comments(changed) == comments(text)
    for other in others:
        assert other.replace("\n", end) in changed
    if new[: len(old)] == old:
        assert all(table.rstrip("\n").replace("\n", end) in changed for table in tables)


def test_lines_of_what_stays_are_kept_and_so_is_every_comment() -> None:
    door = {"name": "door", "box": [0, 0, 0.5, 1]}
    assert replace_tables(FILE, "zones", [door]).partition("# about the door")[2] == (
        "\n[[zones]]  # first\n# inside\n"
        'name = "door"\nbox = [0, 0, 0.5, 1]  # left\n\n# top\n# about the page\n[web]\nlisten = "8080"\n# end'
    )
    new = [{"name": "door", "box": [0, 0, 0.4, 1], "ignore": True}, {"name": "window", "box": [0.5, 0, 0.5, 1]}]
    changed = replace_tables(FILE, "zones", [*new, {"name": "sofa", "box": [0, 0, 1, 1]}])
    assert changed.startswith(FILE.partition('[[ "zones" ]]')[0])
    assert changed.endswith(
        '[[ "zones" ]]\nname = "window"\n# top\nbox = [0.5, 0, 0.5, 1]\n# about the page\n[web]\nlisten = "8080"\n'
        '# end\n\n[[zones]]\nname = "sofa"\nbox = [0, 0, 1, 1]\n'
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", '[[zones]]\nname = "a"\n'),
        ("# only a comment", '# only a comment\n\n[[zones]]\nname = "a"\n'),
        ("zones = []  # none\n[web]\nlisten = '1'\n", "# none\n[web]\nlisten = '1'\n\n[[zones]]\nname = \"a\"\n"),
        ("zones = [{name = 'b'}]\r\n[web]\r\n", '[web]\r\n\r\n[[zones]]\r\nname = "a"\r\n'),
    ],
)
def test_the_first_zone_of_a_file_is_added_at_its_end(text: str, expected: str) -> None:
    assert replace_tables(text, "zones", [{"name": "a"}]) == expected


def test_equal_tables_leave_the_file_as_it_is() -> None:
    assert replace_tables(FILE, "zones", tomllib.loads(FILE)["zones"]) == FILE


@pytest.mark.parametrize("text", ['"z\\u006fnes" = []\n', '[["z\\u006fnes"]]\nname = "b"\n'])
def test_a_form_that_is_not_supported_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="the zones are written in a form that cannot be changed here"):
        replace_tables(text, "zones", [{"name": "a"}])
