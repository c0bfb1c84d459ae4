"""The settings as TOML: what --print-config prints, and the example file of systemd/."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.processes import run
from tests.support.settings import write_config

from fer_edge.config.loader import resolve
from fer_edge.config.schema import TABLES
from fer_edge.config.toml import as_toml, example

EXAMPLE = Path(__file__).parents[3] / "systemd" / "config.toml"


def test_the_example_file_is_up_to_date() -> None:
    assert EXAMPLE.read_text() == example(), "run: python -m fer_edge.config.toml > systemd/config.toml"


def test_the_example_file_sets_nothing() -> None:
    assert resolve({}, {}, EXAMPLE) == resolve({}, {})


def test_every_line_of_the_example_is_valid_without_its_mark_and_is_the_default(tmp_path: Path) -> None:
    bare = [line.removeprefix("#") for line in example().splitlines() if not line.startswith("# ")]
    file = tmp_path / "config.toml"
    file.write_text("\n".join(bare))
    resolved = resolve({}, {}, file)
    assert all(each.origin for each in resolved)
    fixed = [each for each in resolved if not each.setting.default_text]
    assert fixed
    assert [each.value for each in fixed] == [each.setting.default_in({}) for each in fixed]


def test_the_values_in_force_are_printed_with_their_origins_and_without_secrets(tmp_path: Path) -> None:
    file = write_config(tmp_path / "config.toml", {"camera.source": "rtsp://me:hunter2@cam/live?key=topsecret"})
    environment = {"FER_EDGE_MQTT_PASSWORD": "hunter3", "FER_EDGE_MIN_FACE": "0.25"}
    done = run("fer_edge", "--print-config", "--config", file, "--rotate", "90", env=environment)
    assert done.code == 0, done.err
    assert f'source = "rtsp://***@cam/live?***"  # {file}\n' in done.out
    assert "min_face = 0.25  # FER_EDGE_MIN_FACE\n" in done.out
    assert "rotate = 90  # --rotate\n" in done.out
    assert 'file = "base"  # default\n' in done.out
    assert "# fps: its own rate (default)\n" in done.out
    assert not [secret for secret in ("hunter2", "hunter3", "topsecret") if secret in done.out + done.err]


@given(st.text(st.characters(codec="utf-8"), min_size=1))
@settings(max_examples=200, deadline=None)
def test_what_is_printed_reads_back_as_the_same_values(text: str) -> None:
    resolved = resolve({"camera.source": re.sub("[/?@]", "", text)}, {})
    printed = tomllib.loads(as_toml(resolved))
    for each in resolved[: -len(TABLES)]:
        assert printed[each.setting.section].get(each.setting.name) == each.value
    assert tuple(each.setting for each in resolved[-len(TABLES) :]) == TABLES
    assert {table.key for table in TABLES}.isdisjoint(printed)
