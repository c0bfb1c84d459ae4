"""The settings that commands change during a run, and the file that keeps them over a restart."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, NoReturn, Protocol

from msgspec import Meta

from fer_edge.atomic_file import replace_file
from fer_edge.config.model import PipelineOptions
from fer_edge.config.schema import SETTINGS
from fer_edge.config.setting import ValueType
from fer_edge.text_file import read_text

log = logging.getLogger(__name__)

STATE_INTERVAL = 1.0  # seconds between two `state` messages that differ in the score alone, unless `set` changes it
MAX_FILE_SIZE = 4096  # bytes

OPTIONS = dict(sorted((setting.name, setting.value_type) for setting in SETTINGS if setting.adjustable))
STATE_EVERY = ValueType(Annotated[float, Meta(ge=0.1, le=3600)], "a number from 0.1 to 3600")
ADJUSTABLE = {**OPTIONS, "state_every": STATE_EVERY}


def describe_range(value_type: ValueType, step: float) -> tuple[float, float]:
    """The lowest and highest value of a number, which are `step` inside a bound that is excluded."""
    (meta,) = value_type.type.__metadata__
    lowest = meta.gt + step if meta.ge is None else meta.ge
    highest = meta.lt - step if meta.le is None else meta.le
    return lowest, highest


class AdjustablePipeline(Protocol):
    """A pipeline whose options can be changed while it runs."""

    @property
    def options(self) -> PipelineOptions:
        """Its options now."""
        ...

    def adjust(self, options: PipelineOptions) -> None:
        """Use other options from the next frame on."""
        ...


class SettingsFile:
    """A JSON file with the settings that commands have changed. A failure to read or write it is only a warning."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> dict[str, Any]:
        """The settings in the file; none of them if one is wrong."""
        try:
            settings = _check(json.loads(read_text(self._path, MAX_FILE_SIZE), parse_constant=_refuse_constant))
        except FileNotFoundError:
            return {}
        except OSError as error:
            self._warn(error, "the configured settings are used")
            return {}
        except (ValueError, RecursionError) as error:
            log.warning("%s: damaged (%s); the configured settings are used", self._path, error)
            return {}
        if settings:
            values = ", ".join(f"{name} {value:g}" for name, value in settings.items())
            log.info("%s: set before the restart: %s", self._path, values)
        return settings

    def write(self, settings: dict[str, Any]) -> None:
        """Replace the settings in the file."""
        try:
            replace_file(self._path, (json.dumps(settings) + "\n").encode())
        except OSError as error:
            self._warn(error, "a restart does not keep what was set")

    def _warn(self, error: OSError, consequence: str) -> None:
        log.warning("%s: %s; %s", self._path, (error.strerror or str(error)).lower(), consequence)


def _check(settings: object) -> dict[str, Any]:
    """The settings, once each is known and in its range. Raises ValueError."""
    if not isinstance(settings, dict):
        raise ValueError("expected a JSON object")
    for name, value in settings.items():
        if name not in ADJUSTABLE:
            raise ValueError("it has an unknown setting")
        ADJUSTABLE[name].check(value)
    return settings


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")  # Python reads NaN and Infinity


class RunSettings:
    """The settings in use, which commands change. To be used in the thread that runs the frame loop.

    Attributes:
        state_interval: Seconds between two `state` messages that differ in measures alone.
    """

    def __init__(self, pipeline: AdjustablePipeline, file: SettingsFile | None = None) -> None:
        """Begin with the settings in `file`."""
        self.state_interval = STATE_INTERVAL
        self._pipeline, self._file = pipeline, file
        self._configured = self.values()
        self._changed: dict[str, Any] = {}  # what differs from the configuration by command
        if file and (kept := file.read()):
            self._apply(kept)

    def values(self) -> dict[str, Any]:
        """Every adjustable setting; `min_score` is None while the minimum scores of the model file hold."""
        options = self._pipeline.options
        return {name: getattr(options, name) for name in OPTIONS} | {"state_every": self.state_interval}

    def change(self, values: dict[str, Any]) -> None:
        """Use `values`, which are in their ranges, from the next frame on."""
        if values:
            self._apply(values)
            self._keep()

    def reset(self) -> None:
        """Return to the configured settings."""
        self._apply(self._configured)
        self._changed = {}
        self._keep()

    def _apply(self, values: dict[str, Any]) -> None:
        self._changed |= values
        options = {name: value for name, value in values.items() if name in OPTIONS}
        self.state_interval = values.get("state_every", self.state_interval)
        if options:
            self._pipeline.adjust(replace(self._pipeline.options, **options))

    def _keep(self) -> None:
        if self._file:
            self._file.write(self._changed)
