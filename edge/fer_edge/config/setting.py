"""What one setting is: its names, the values it accepts, its default, its help text."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from fer_edge.config.addresses import quote

Environment = Mapping[str, str]


@dataclass(frozen=True)
class ValueType:
    """The values that a setting accepts.

    Attributes:
        type: The type, with its range, that msgspec checks.
        description: The same for people, e.g. "a whole number from 1 to 240".
    """

    type: Any
    description: str

    def check(self, value: object, *, strict: bool = True) -> Any:
        """Return `value` as this type.

        Args:
            value: What was given.
            strict: False where every value is a text (flags, environment): it may have to become a number.

        Raises:
            ValueError: The value is of another type or out of range; the message quotes it, without secrets.
        """
        try:
            return msgspec.convert(value, self.type, strict=strict)
        except msgspec.ValidationError as error:
            raise ValueError(f"{quote(value)} must be {self.description}") from error


@dataclass(frozen=True)
class Setting:
    """One entry of the table of settings.

    Attributes:
        key: Its place in the configuration file, SECTION.NAME.
        flag: On the command line. The environment variable is named after it. Empty: only the file has it.
        value_type: What the file may hold.
        field: Its place in Config, NAME or PART.NAME.
        help: One line on what it does.
        default: The value if nothing is set, or a function of the environment that returns it; None: not set.
        default_text: The default as displayed, where `default` is None or differs between machines.
        example: Value in the example file, where there is no default to show.
        read: Converts the value to what Config holds; raises ValueError.
        metavar: Placeholder of the value in --help.
        is_address: Whether it may hold an address, whose secrets are hidden when it is printed.
        adjustable: Whether the MQTT command `set` changes it during a run.
    """

    key: str
    flag: str
    value_type: ValueType
    field: str
    help: str
    default: Any = None
    default_text: str = ""
    example: Any = None
    read: Callable[[Any], Any] = lambda value: value
    metavar: str | None = None
    is_address: bool = False
    adjustable: bool = False

    @property
    def section(self) -> str:
        """Its section of the configuration file."""
        return self.key.partition(".")[0]

    @property
    def name(self) -> str:
        """Its key within the section."""
        return self.key.partition(".")[2]

    @property
    def variable(self) -> str:
        """Its environment variable."""
        return "FER_EDGE_" + self.flag.removeprefix("--").replace("-", "_").upper()

    def default_in(self, environment: Environment) -> Any:
        """Return the default as the file would hold it, or None for not set."""
        return self.default(environment) if callable(self.default) else self.default

    def describe_default(self) -> str:
        """Return the default as displayed."""
        switch = isinstance(self.default, bool)
        return self.default_text or (("on" if self.default else "off") if switch else str(self.default))
