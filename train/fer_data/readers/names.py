"""Names of classes, compared without regard to blanks, case and Unicode composition."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Collection


def normalise_name(name: str) -> str:
    """A class name without blanks at its ends, with single ones within, and composed (NFC; macOS decomposes)."""
    return " ".join(unicodedata.normalize("NFC", name).split())


def name_key(name: str) -> str:
    """The same for all spellings of a class name."""
    return normalise_name(name).casefold()


def join_spellings(names: Collection[str]) -> dict[str, str]:
    """The class of each of the names as found on disk: of several spellings the first in order, `Happy` for `happy`."""
    first: dict[str, str] = {}
    for name in sorted(map(normalise_name, names)):
        first.setdefault(name_key(name), name)
    return {name: first[name_key(name)] for name in names}


def describe_joined(classes: dict[str, str]) -> list[str]:
    """A line for each class whose name is spelled differently in the data."""
    spellings = defaultdict(list)
    for name, joined in sorted(classes.items()):
        spellings[joined].append(repr(name))
    return [f"{' and '.join(names)} are one class, {joined}" for joined, names in spellings.items() if len(names) > 1]
