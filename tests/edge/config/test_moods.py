"""Rules for sustained moods in the configuration file: how they are read, and how a wrong one is reported."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.media import WALK
from tests.support.processes import run

from fer_edge.config.loader import make_config, resolve
from fer_edge.config.model import Config
from fer_edge.config.moods import MoodRule, check_emotions, check_zones
from fer_edge.config.toml import as_toml
from fer_edge.errors import EXIT_CONFIG, ConfigError

EXAMPLES = int(os.environ.get("FER_EDGE_FUZZED_RULES", "200"))
CHEERFUL = '[[moods]]\nname = "cheerful"\nemotion = "happy"\nseconds = 10\n'


def read(file: Path, text: str) -> Config:
    file.write_text(text, encoding="utf-8")
    return make_config(resolve({}, {}, file))


def test_rules_are_read_in_their_order_with_their_defaults(tmp_path: Path) -> None:
    text = f'{CHEERFUL}\n[[moods]]\nname = "Zoë waits"\nemotion = "unsure"\nseconds = 0.5\nof = "dominant"\n'
    config = read(tmp_path / "config.toml", f'[faces]\nrate = 5.0\n{text}\n[mqtt]\ndevice = "porch"\n')
    assert config.moods == (MoodRule("cheerful", "happy", 10), MoodRule("Zoë waits", "unsure", 0.5, "dominant"))
    assert config.device == "porch"
    assert make_config(resolve({}, {})).moods == ()


def test_the_printed_settings_have_the_rules_and_read_back_the_same(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text(CHEERFUL)
    printed = as_toml(resolve({}, {}, file))
    head, rest = CHEERFUL.split("\n", 1)
    assert f"{head}  # {file}\n{rest}" in printed
    assert read(file, printed).moods == (MoodRule("cheerful", "happy", 10),)


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("moods = 5", "5 must be an array of tables, each below a line [[moods]]"),
        ('[moods]\nname = "x"', "{'name': 'x'} must be an array of tables, each below a line [[moods]]"),
        ('moods = ["x"]', "['x'] must be an array of tables, each below a line [[moods]]"),
        (CHEERFUL.replace("seconds = 10", ""), "'cheerful': seconds is missing; it must be a number above 0"),
        (
            CHEERFUL.replace('name = "cheerful"', ""),
            "number 1: name is missing; it must be a text of 1 to 64 characters",
        ),
        (CHEERFUL.replace("10", "0"), "'cheerful': seconds 0 must be a number above 0 and up to 86400"),
        (CHEERFUL.replace("10", "nan"), "'cheerful': seconds nan must be a number above 0 and up to 86400"),
        (CHEERFUL.replace("10", "true"), "'cheerful': seconds True must be a number above 0 and up to 86400"),
        (CHEERFUL.replace("10", '"10"'), "'cheerful': seconds '10' must be a number above 0 and up to 86400"),
        (CHEERFUL + 'of = "all"', "'cheerful': of 'all' must be anybody or dominant, in quotes"),
        (CHEERFUL + 'zones = "sofa"', "'cheerful': 'zones' is unknown; did you mean zone?"),
        (CHEERFUL + "x = 1", "'cheerful': 'x' is unknown; known: name, emotion, seconds, of, zone"),
        (CHEERFUL.replace('"cheerful"', '""'), "'': name '' must be a text of 1 to 64 characters, in quotes"),
        (CHEERFUL.replace("cheerful", r"a\nb"), r"'a\nb': name 'a\nb' must be a text of 1 to 64 characters"),
        (CHEERFUL * 2, "'cheerful': name must differ from those of the other moods"),
        (CHEERFUL.replace("happy", "nobody") + 'of = "dominant"', "'cheerful': of 'dominant' must be left out with"),
    ],
)
def test_a_wrong_rule_is_one_line_with_its_name_its_key_its_value_and_what_is_right(
    tmp_path: Path, text: str, error: str
) -> None:
    file = tmp_path / "config.toml"
    with pytest.raises(ConfigError) as caught:
        read(file, text)
    assert str(caught.value).startswith(f"{file}: moods: {error}")


def test_a_zone_has_to_exist(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    with pytest.raises(ConfigError) as caught:
        read(file, CHEERFUL + 'zone = "sofa"')
    line = f"{file}: moods 'cheerful': zone 'sofa' must be left out, as there are no zones"
    assert (str(caught.value), caught.value.exit_code) == (line, EXIT_CONFIG)
    rules = [MoodRule("cheerful", "happy", 10, zone="sofa")]
    check_zones(rules, ["sofa", "door"])
    with pytest.raises(ConfigError, match=r"^'cheerful': zone 'sofa' must be one of 'door', 'desk'$"):
        check_zones(rules, ["door", "desk"])


def test_an_emotion_that_the_model_does_not_know_is_exit_78_and_found_by_check(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text(CHEERFUL.replace("happy", "hapy"))
    line = (
        f"{file}: moods 'cheerful': emotion 'hapy' must be "
        "angry, disgust, fear, happy, sad, surprise, neutral, unsure or nobody with this model"
    )
    done = run("fer_edge", "--config", file, "--camera", WALK, "--model", "nano")
    assert (done.code, done.err.splitlines()[-1]) == (EXIT_CONFIG, f"fer-edge: {line}")
    check_emotions([MoodRule("a", "happy", 1), MoodRule("b", "unsure", 1), MoodRule("c", "nobody", 1)], ["happy"])
    checked = run("fer_edge", "--check", "--config", file, "--camera", WALK, "--model", "nano")
    assert f"FAIL model         {line}" in checked.out


WORDS = ['"happy"', '"unsure"', '"nobody"', '"anybody"', '"dominant"', '"sofa"', "10", "1e400", "-0.0", "nan", "true"]
ODD = ["[]", "[[]]", "{}", "{a = 1}", "1979-05-27", "0x1F", "''", '"""a\nb"""', '"\\u2028"', '"\\u0007"', "10 ", ""]
VALUES = st.one_of(
    st.sampled_from([*WORDS, *ODD]), st.text(max_size=70).map(lambda text: f'"{text}"'), st.floats().map(repr)
)
NAMES = ["name", "emotion", "seconds", "of", "zone", "Name", "second", '""', "a.b", "zone "]
KEYS = st.sampled_from(NAMES) | st.text("abcdefgnosm_", min_size=1, max_size=8)
HEADS = st.sampled_from(["[[moods]]"] * 8 + ["[moods]", "[[moods.x]]", "[[mood]]", "moods = 1", "[[moods]", "[[web]]"])
LINES = st.lists(st.tuples(KEYS, VALUES).map(" = ".join), max_size=5)
VALID = st.just(["[[moods]]", 'name = "a"', 'emotion = "happy"', "seconds = 3"])
TABLES = st.tuples(HEADS, LINES).map(lambda table: [table[0], *table[1]])


@given(st.lists(VALID | st.tuples(VALID, LINES).map(lambda parts: parts[0] + parts[1]) | TABLES, max_size=3))
@settings(max_examples=EXAMPLES, deadline=None)
def test_every_file_is_read_or_refused_in_one_line(
    tmp_path_factory: pytest.TempPathFactory, tables: list[list[str]]
) -> None:
    file = tmp_path_factory.getbasetemp() / "fuzzed.toml"
    try:
        config = read(file, "\n".join("\n".join(table) for table in tables))
    except ConfigError as error:  # whose exit code is 78
        message = str(error)
        assert message.startswith(f"{file}: ")
        assert message.isprintable()
        assert len(message) < 600 + len(str(file))
    else:
        assert all(rule.name and 0 < rule.seconds <= 86_400 for rule in config.moods)
