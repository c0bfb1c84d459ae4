"""Fonts for texts of any script in plots, among those that are installed."""

from __future__ import annotations

import sys
import unicodedata
from functools import cache

from matplotlib.font_manager import FontProperties, findfont, findSystemFonts, fontManager, get_font

LAST_RESORT = "Last Resort"  # comes with matplotlib and has a box for every character
CURE = "Debian's fonts-noto-core and fonts-noto-cjk have most scripts"


def drawable(text: str) -> str:
    """The text, with the code point in place of each character that no installed font has; reports it once."""
    if all(_in_default(char) or _family(char) for char in text):
        return text
    _report_once()
    return "".join(char if _in_default(char) or _family(char) else f"U+{ord(char):04X} " for char in text).rstrip()


def fallback_families(text: str) -> list[str]:
    """The font families that have the characters that the default font lacks, in the order of their occurrence."""
    families = (_family(char) for char in text if not _in_default(char))
    return list(dict.fromkeys(family for family in families if family))


@cache
def _in_default(character: str) -> bool:
    if character.isspace() or unicodedata.category(character) == "Cf":  # joiners and marks of direction
        return True
    return ord(character) in _characters(findfont(FontProperties()))


@cache
def _family(character: str) -> str | None:
    """The family of the first installed font with a character."""
    known = {entry.fname for entry in fontManager.ttflist}
    for path in findSystemFonts():  # matplotlib keeps its list from before a font was installed
        if path not in known:
            _add(path)
    for entry in fontManager.ttflist:
        upright = entry.style == "normal" and not entry.name.startswith(LAST_RESORT)
        if upright and ord(character) in _characters(entry.fname):
            return str(entry.name)
    return None


@cache
def _characters(path: str) -> frozenset[int]:
    """The code points of a font; none if it cannot be read."""
    try:
        return frozenset(get_font(path).get_charmap())
    except (OSError, RuntimeError):
        return frozenset()


@cache
def _add(path: str) -> None:
    try:
        fontManager.addfont(path)
    except (OSError, RuntimeError, NotImplementedError):  # damaged, or of bitmaps, as emoji in colour
        return


@cache
def _report_once() -> None:
    sys.stderr.write(f"plots: characters that no installed font has are drawn as their code points; {CURE}\n")
