"""What is set, and where: defaults, under the file, under the environment, under the flags."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from fer_edge.config import broker
from fer_edge.config.camera import CameraOptions
from fer_edge.config.model import LIBRARY_VARIABLE, Config, PipelineOptions
from fer_edge.config.schema import SETTINGS, Environment, Setting
from fer_edge.config.web import TOKEN, make_options
from fer_edge.errors import ConfigError, FerError, UsageError

DEFAULT_FILE = Path("/etc/fer-edge/config.toml")
PREFIX = "FER_EDGE_"
OTHERS = {
    broker.PASSWORD.variable,
    TOKEN.variable,
    LIBRARY_VARIABLE,
}  # environment variables that are no settings
NEAR = 0.75  # likeness, 0..1, from which the name of a variable is taken for a misspelt one


@dataclass(frozen=True)
class Origin:
    """Who says so: a flag, a variable or the file, by its name. typed: whether its values are not all texts.

    fault: the error that a wrong value is.
    """

    name: str
    typed: bool = False
    fault: type[FerError] = ConfigError


@dataclass(frozen=True)
class Resolved:
    """What holds for a setting. value: as in the file. meaning: as in Config. origin: None for the default."""

    setting: Setting
    value: Any
    meaning: Any
    origin: Origin | None = None


def gather(flags: Mapping[str, Any], environment: Environment, file: Path | None = None) -> list[Resolved]:
    """What holds for each setting, in the order of the table. flags: those that were given, by key (see add_flags).

    file: None for /etc/fer-edge/config.toml, if it is there. Raises ConfigError for what is wrong in the file or in the
    environment, UsageError for a flag.
    """
    chosen = {setting.key: _default(setting, environment) for setting in SETTINGS}
    for layer in (_of_file(file), _of_environment(environment), _of_flags(flags)):
        chosen |= {each.setting.key: each for each in layer}
    return list(chosen.values())


def make_config(resolved: Iterable[Resolved]) -> Config:
    """The configuration. Raises ConfigError or UsageError for settings that do not go together."""
    fields: dict[str, Any] = {}
    parts: dict[str, list[Resolved]] = {}
    for each in resolved:
        part, _, name = each.setting.field.partition(".")
        if name:
            parts.setdefault(part, []).append(each)
        else:
            fields[part] = each.meaning
    for part, members in parts.items():
        fields[part] = _make_part(part, members)
    return Config(**fields)


def _broker(url: broker.Broker | None, **files: Path | None) -> broker.Broker | None:
    return broker.with_files(url, **files)


# Of Config, and what makes them.
PARTS: dict[str, Callable[..., Any]] = {
    "broker": _broker,
    "camera_options": CameraOptions,
    "pipeline": PipelineOptions,
    "web": make_options,
}


def _make_part(part: str, resolved: list[Resolved]) -> Any:
    try:
        return PARTS[part](**{each.setting.field.partition(".")[2]: each.meaning for each in resolved})
    except UsageError as error:
        raise name_setting(error, resolved) from error


def name_setting(error: FerError, resolved: Iterable[Resolved]) -> FerError:
    """The same error, naming the place that its setting came from.

    That is the flag, or the file or variable and the key. A UsageError about a value from a file or variable becomes a
    ConfigError, which has another exit code. An error without a setting is returned as it is.
    """
    found = next((each for each in resolved if each.setting.key == error.setting), None)
    if not found:
        return error
    if not found.origin or found.origin.fault is UsageError:
        return type(error)(f"{found.setting.flag} {error.message}", cure=error.cure)
    kind = ConfigError if isinstance(error, UsageError) else type(error)
    return kind(f"{found.origin.name}: {found.setting.key} {error.message}", cure=error.cure)


def _default(setting: Setting, environment: Environment) -> Resolved:
    value = setting.default_in(environment)
    return Resolved(setting, value, None if value is None else setting.read(value))


def _of_file(file: Path | None) -> list[Resolved]:
    path, settings = file or DEFAULT_FILE, {setting.key: setting for setting in SETTINGS}
    origin = Origin(str(path), typed=True)
    resolved = []
    for key, value in _flattened(_read(file)):
        if key not in settings:
            raise ConfigError(f"{path}: {key} is unknown{_suggestion(key, settings)}")
        resolved.append(_checked(settings[key], value, origin, f"{path}: {key}"))
    return resolved


def _flattened(document: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """The values, by SECTION.NAME; what stands in no section, by its name."""
    for section, table in document.items():
        if isinstance(table, dict):
            yield from ((f"{section}.{name}", value) for name, value in table.items())
        else:
            yield section, table


def _read(file: Path | None) -> dict[str, Any]:
    path = file or DEFAULT_FILE
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        if not file:
            return {}
        raise UsageError(f"--config {file}: no such file") from error
    except OSError as error:
        raise ConfigError(f"{path}: {str(error.strerror).lower()}") from error
    except (ValueError, RecursionError) as error:  # tomllib.TOMLDecodeError and UnicodeDecodeError are ValueErrors
        raise ConfigError(f"{path}: no TOML: {error}") from error


def _of_environment(environment: Environment) -> list[Resolved]:
    """An empty variable sets nothing. Names of others may begin like ours; one that is nearly ours is a mistake."""
    settings = {setting.variable: setting for setting in SETTINGS}
    for name in environment.keys() - settings.keys() - OTHERS:
        ours = [known.removeprefix(PREFIX) for known in settings]
        near = difflib.get_close_matches(name.removeprefix(PREFIX), ours, 1, NEAR)
        if name.startswith(PREFIX) and near:
            raise ConfigError(f"{name} is unknown; did you mean {PREFIX}{near[0]}?")
    return [
        _checked(setting, environment[name], Origin(name), name)
        for name, setting in settings.items()
        if environment.get(name)
    ]


def _of_flags(flags: Mapping[str, Any]) -> list[Resolved]:
    return [
        _checked(setting, flags[setting.key], Origin(setting.flag, fault=UsageError), setting.flag)
        for setting in SETTINGS
        if setting.key in flags
    ]


def _checked(setting: Setting, value: Any, origin: Origin, place: str) -> Resolved:
    """Hold a value to its kind. A text may have to become a number, unless its origin has types. `place` is named."""
    try:
        value = msgspec.convert(value, setting.kind.type, strict=origin.typed)
    except msgspec.ValidationError as error:
        shown = broker.without_password(repr(value))
        raise origin.fault(f"{place}: {shown:.80} must be {setting.kind.words}") from error
    try:
        return Resolved(setting, value, setting.read(value), origin)
    except ValueError as error:
        raise origin.fault(f"{place}: {error}") from error


def _suggestion(name: str, settings: Mapping[str, Setting]) -> str:
    """The nearest key, whether its section was named or not."""
    names = {key.partition(".")[2]: key for key in settings} | {key: key for key in settings}
    near = difflib.get_close_matches(name, names, 1) or difflib.get_close_matches(name.rpartition(".")[2], names, 1)
    return f"; did you mean {names[near[0]]}?" if near else f"; known: {', '.join(settings)}"
