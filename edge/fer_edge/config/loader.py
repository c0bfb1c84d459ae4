"""Collects the settings: defaults, overridden by the file, by the environment and by flags, in this order."""

from __future__ import annotations

import argparse
import difflib
import tomllib
from argparse import ArgumentParser, BooleanOptionalAction
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from fer_edge.config.accelerator import LIBRARY_VARIABLE
from fer_edge.config.addresses import hide_secrets
from fer_edge.config.broker import NO_BROKER, PASSWORD, make_broker
from fer_edge.config.camera import CameraOptions, names_file
from fer_edge.config.history import make_history
from fer_edge.config.model import Config, PipelineOptions
from fer_edge.config.moods import check_zones
from fer_edge.config.schema import SETTINGS, SWITCH, TABLES
from fer_edge.config.setting import Environment, Setting
from fer_edge.config.web import TOKEN, make_web_options
from fer_edge.errors import ConfigError, FerError, UsageError
from fer_edge.text_file import read_text

DEFAULT_FILE = Path("/etc/fer-edge/config.toml")
PREFIX = "FER_EDGE_"
OTHER_VARIABLES = {PASSWORD.variable, TOKEN.variable, LIBRARY_VARIABLE}  # of fer-edge, but not settings
MIN_SIMILARITY = 0.75  # 0..1, from which an unknown variable counts as a misspelling of a known one


@dataclass(frozen=True)
class Origin:
    """Where a value comes from.

    Attributes:
        name: The flag, the variable or the path of the file.
        typed: Whether values have types; otherwise all are texts.
        error: The error to raise for a wrong value.
    """

    name: str
    typed: bool = False
    error: type[FerError] = ConfigError


@dataclass(frozen=True)
class Resolved:
    """The value in force for a setting.

    Attributes:
        setting: Which one.
        value: As the file would hold it.
        meaning: As Config holds it.
        origin: None for the default.
    """

    setting: Setting
    value: Any
    meaning: Any
    origin: Origin | None = None


def add_flags(parser: ArgumentParser) -> None:
    """Add a flag for each setting. A given flag leaves its text, or True or False, under the setting's key."""
    for section, settings in groupby(SETTINGS, key=lambda setting: setting.section):
        group = parser.add_argument_group(section)
        for setting in settings:
            options: dict[str, Any] = {"action": BooleanOptionalAction} if setting.value_type is SWITCH else {}
            if setting.metavar:
                options["metavar"] = setting.metavar
            text = f"{setting.help} (default: {setting.describe_default()})"
            group.add_argument(setting.flag, dest=setting.key, default=argparse.SUPPRESS, help=text, **options)


def resolve(flags: Mapping[str, Any], environment: Environment, file: Path | None = None) -> list[Resolved]:
    """Return the value in force for each setting, in the order of the table, the arrays of tables last.

    Args:
        flags: The given ones, by key, as add_flags leaves them; other keys are ignored.
        environment: Environment variables.
        file: None for /etc/fer-edge/config.toml, if it exists.

    Raises:
        ConfigError: The file or a variable is wrong.
        UsageError: A flag is wrong.
    """
    in_force = {setting.key: _default(setting, environment) for setting in (*SETTINGS, *TABLES)}
    for layer in (_from_file(file), _from_environment(environment), _from_flags(flags)):
        in_force |= {each.setting.key: each for each in layer}
    url = in_force["mqtt.url"]
    if not url.origin and names_file(in_force["camera.source"].value):
        in_force["mqtt.url"] = Resolved(url.setting, NO_BROKER, None)
    return list(in_force.values())


def make_config(resolved: Sequence[Resolved]) -> Config:
    """Build the configuration. Raises ConfigError or UsageError for settings that contradict each other."""
    fields: dict[str, Any] = {}
    sections: dict[str, list[Resolved]] = {}
    for each in resolved:
        section, _, name = each.setting.field.partition(".")
        if name:
            sections.setdefault(section, []).append(each)
        else:
            fields[section] = each.meaning
    for section, members in sections.items():
        fields[section] = _make_section(section, members)
    try:
        check_zones(fields.get("moods", ()), [zone.name for zone in fields["pipeline"].zones])
    except ConfigError as error:
        raise name_setting(error, resolved) from error
    return Config(**fields)


def name_setting(error: FerError, resolved: Iterable[Resolved]) -> FerError:
    """Return the same error with the place that its setting came from: the flag, or the file or variable and the key.

    A UsageError about a value from a file or variable becomes a ConfigError, which has another exit code. An error
    without a setting is returned as it is.
    """
    found = next((each for each in resolved if each.setting.key == error.setting), None)
    if not found:
        return error
    if not found.origin or found.origin.error is UsageError:
        return type(error)(f"{found.setting.flag} {error.message}", cure=error.cure)
    kind = ConfigError if isinstance(error, UsageError) else type(error)
    return kind(f"{found.origin.name}: {found.setting.key} {error.message}", cure=error.cure)


# The fields of Config that are made of several settings, and what makes them: keyword arguments are the settings.
SECTIONS: dict[str, Callable[..., Any]] = {
    "broker": make_broker,
    "camera_options": CameraOptions,
    "history": make_history,
    "pipeline": PipelineOptions,
    "web": make_web_options,
}


def _make_section(section: str, resolved: list[Resolved]) -> Any:
    try:
        return SECTIONS[section](**{each.setting.field.partition(".")[2]: each.meaning for each in resolved})
    except UsageError as error:
        raise name_setting(error, resolved) from error


def _default(setting: Setting, environment: Environment) -> Resolved:
    value = setting.default_in(environment)
    return Resolved(setting, value, None if value is None else setting.read(value))


def _from_file(file: Path | None) -> list[Resolved]:
    path, settings = file or DEFAULT_FILE, {setting.key: setting for setting in (*SETTINGS, *TABLES)}
    origin = Origin(str(path), typed=True)
    resolved = []
    for key, value in _flatten(_parse_file(file)):
        if key not in settings:
            raise ConfigError(f"{path}: {hide_secrets(key)} is unknown{_suggest(key, settings)}")
        resolved.append(_check(settings[key], value, origin, f"{path}: {key}"))
    return resolved


def _flatten(document: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield each value with its key, SECTION.NAME, or NAME for one outside the sections, as arrays of tables are."""
    tables = {table.key for table in TABLES}
    for section, table in document.items():
        if isinstance(table, dict) and section not in tables:
            yield from ((f"{section}.{name}", value) for name, value in table.items())
        else:
            yield section, table


def _parse_file(file: Path | None) -> dict[str, Any]:
    path = file or DEFAULT_FILE
    try:
        return tomllib.loads(read_text(path))
    except FileNotFoundError as error:
        if not file:
            return {}
        raise UsageError(f"--config {hide_secrets(str(file))}: no such file") from error
    except OSError as error:
        raise ConfigError(f"{path}: {str(error.strerror).lower()}") from error
    except (ValueError, RecursionError) as error:  # tomllib.TOMLDecodeError is a ValueError
        raise ConfigError(f"{path}: not TOML: {hide_secrets(str(error))}") from error


def _from_environment(environment: Environment) -> list[Resolved]:
    """An empty variable sets nothing. An unknown name is refused only if it is close to a known one."""
    settings = {setting.variable: setting for setting in SETTINGS}
    known_names = [known.removeprefix(PREFIX) for known in settings]
    for name in environment.keys() - settings.keys() - OTHER_VARIABLES:
        closest = difflib.get_close_matches(name.removeprefix(PREFIX), known_names, 1, MIN_SIMILARITY)
        if name.startswith(PREFIX) and closest:
            raise ConfigError(f"{name} is unknown; did you mean {PREFIX}{closest[0]}?")
    return [
        _check(setting, environment[name], Origin(name), name)
        for name, setting in settings.items()
        if environment.get(name)
    ]


def _from_flags(flags: Mapping[str, Any]) -> list[Resolved]:
    return [
        _check(setting, flags[setting.key], Origin(setting.flag, error=UsageError), setting.flag)
        for setting in SETTINGS
        if setting.key in flags
    ]


def _check(setting: Setting, value: Any, origin: Origin, place: str) -> Resolved:
    """Return the value, checked and converted. Raises the error of its origin, which names `place`."""
    try:
        value = setting.value_type.check(value, strict=origin.typed)
        return Resolved(setting, value, setting.read(value), origin)
    except ValueError as error:
        raise origin.error(f"{place}: {error}") from error


def _suggest(name: str, settings: Mapping[str, Setting]) -> str:
    """Return the end of an error: the closest key, whether its section was given or not, or all known ones."""
    names = {setting.name: key for key, setting in settings.items()} | {key: key for key in settings}
    closest = difflib.get_close_matches(name, names, 1) or difflib.get_close_matches(name.rpartition(".")[2], names, 1)
    return f"; did you mean {names[closest[0]]}?" if closest else f"; known: {', '.join(settings)}"
