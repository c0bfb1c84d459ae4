"""Sustained moods: the tables `[[moods]]` of the configuration file."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from msgspec import Meta

from fer_edge.config.addresses import quote
from fer_edge.config.setting import Setting, ValueType
from fer_edge.errors import ConfigError

UNSURE, NOBODY = "unsure", "nobody"  # instead of an emotion
ANYBODY, DOMINANT = "anybody", "dominant"


@dataclass(frozen=True)
class MoodRule:
    """What has to hold for how long.

    Attributes:
        name: Unique among the rules.
        emotion: A label of the model, UNSURE, or NOBODY for no face.
        seconds: How long it has to hold without interruption.
        of: Whose emotion: DOMINANT for that of the dominant face, ANYBODY for that of at least one face.
        zone: Name of the zone in which the face has to be; None for anywhere.
    """

    name: str
    emotion: str
    seconds: float
    of: str = ANYBODY
    zone: str | None = None


KEYS = {
    "name": ValueType(
        Annotated[str, Meta(pattern=r"\A[^\x00-\x1f\x7f-\x9f]{1,64}\Z")], "a text of 1 to 64 characters, in quotes"
    ),
    "emotion": ValueType(str, f"a label of the model, {UNSURE} or {NOBODY}, in quotes"),
    "seconds": ValueType(Annotated[float, Meta(gt=0, le=86_400)], "a number above 0 and up to 86400"),
    "of": ValueType(Literal[ANYBODY, DOMINANT], f"{ANYBODY} or {DOMINANT}, in quotes"),
    "zone": ValueType(str, "the name of a zone, in quotes"),
}
REQUIRED = ("name", "emotion", "seconds")
KNOWN = f"known: {', '.join(KEYS)}"


def parse_moods(tables: Sequence[dict[str, Any]]) -> tuple[MoodRule, ...]:
    """Return the rules. Raises ValueError, which names the rule, the key, its value and what would be right."""
    rules: dict[str, MoodRule] = {}
    for position, table in enumerate(tables, 1):
        place = quote(table["name"]) if "name" in table else f"number {position}"
        try:
            rule = _parse_mood(table)
        except ValueError as error:
            raise ValueError(f"{place}: {error}") from error
        if rule.name in rules:
            raise ValueError(f"{place}: name must differ from those of the other moods")
        rules[rule.name] = rule
    return tuple(rules.values())


def _parse_mood(table: dict[str, Any]) -> MoodRule:
    for key in (*table, *REQUIRED):
        if key not in KEYS:
            closest = difflib.get_close_matches(key, KEYS, 1)
            raise ValueError(f"{quote(key)} is unknown; {f'did you mean {closest[0]}?' if closest else KNOWN}")
        if key not in table:
            raise ValueError(f"{key} is missing; it must be {KEYS[key].description}")
    values = {key: _check(key, value) for key, value in table.items()}
    if values["emotion"] == NOBODY and "of" in values:
        raise ValueError(f"of {quote(values['of'])} must be left out with the emotion {NOBODY}")
    return MoodRule(**values)


def _check(key: str, value: Any) -> Any:
    try:
        return KEYS[key].check(value)
    except ValueError as error:
        raise ValueError(f"{key} {error}") from error


def check_zones(rules: Sequence[MoodRule], zones: Collection[str]) -> None:
    """Raise ConfigError if a rule names a zone that does not exist."""
    for rule in rules:
        if rule.zone is not None and rule.zone not in zones:
            expected = f"one of {', '.join(map(quote, zones))}" if zones else "left out, as there are no zones"
            raise ConfigError(f"{quote(rule.name)}: zone {quote(rule.zone)} must be {expected}", setting=TABLES.key)


def check_emotions(rules: Sequence[MoodRule], labels: Sequence[str]) -> None:
    """Raise ConfigError if a rule names an emotion that the model does not know."""
    expected = f"{', '.join(labels)}, {UNSURE} or {NOBODY}"
    for rule in rules:
        if rule.emotion not in (*labels, UNSURE, NOBODY):
            raise ConfigError(
                f"{quote(rule.name)}: emotion {quote(rule.emotion)} must be {expected} with this model",
                setting=TABLES.key,
            )


TABLES = Setting(
    "moods",
    "",
    ValueType(list[dict[str, Any]], "an array of tables, each below a line [[moods]]"),
    "moods",
    "report at fer/<device>/mood when an emotion of anybody or of the dominant face, or unsure, or nobody, has lasted "
    "for so many seconds, and when it ends; zone is optional",
    default=(),
    default_text="none",
    example=[{"name": "cheerful", "emotion": "happy", "seconds": 10, "of": "anybody"}],
    read=parse_moods,
)
