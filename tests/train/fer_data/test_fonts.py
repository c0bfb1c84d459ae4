"""Class names of any script in plots; `make test` installs Debian's small fonts of Chinese and Hindi."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest
from matplotlib.font_manager import findSystemFonts

from fer_data import fonts
from fer_data.fonts import drawable, fallback_families
from fer_data.plotting import new_figure, save_figure

FONTS = {"wqy-microhei", "Lohit-Devanagari"}
WITH_FONTS = pytest.mark.skipif(
    not {Path(path).stem for path in findSystemFonts()} >= FONTS, reason="NOT TESTED: no font of Chinese or Hindi"
)
WITHOUT_FONT = "\u0378"  # unassigned


def draw(name: str, path: Path) -> bytes:
    """The PNG file of an axis with a label."""
    figure = new_figure(2, 1)
    figure.subplots().set_xticks([0], [name])
    save_figure(figure, path)
    return path.read_bytes()


@WITH_FONTS
@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("names", ["开心", "दु", "ざじ", "غا", "שב"])
def test_characters_are_drawn_as_themselves(names: str, tmp_path: Path) -> None:
    assert drawable(names) == names
    first, second = (draw(name, tmp_path / "label.png") for name in (names[0], names))
    assert first != second
    # A font that is not there draws the same box for all characters of a script.
    assert len({draw(name, tmp_path / "label.png") for name in names}) == len(names)


@WITH_FONTS
def test_the_default_font_is_used_as_far_as_it_goes() -> None:
    assert fallback_families("Überraschung Радость 😀 \u200e\n") == []
    assert fallback_families("happy 开心 开") == ["WenQuanYi Micro Hei"]
    assert fallback_families("开 दुःखी") == ["WenQuanYi Micro Hei", "Lohit Devanagari"]


def test_a_character_without_font_is_its_code_point_and_reported_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert unicodedata.category(WITHOUT_FONT) == "Cn"
    fonts._report_once.cache_clear()
    assert drawable(f"a{WITHOUT_FONT}b{WITHOUT_FONT}") == "aU+0378 bU+0378"
    assert drawable(WITHOUT_FONT) == "U+0378"
    draw(drawable(WITHOUT_FONT), tmp_path / "label.png")
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("plots: characters that no installed font has are drawn as their code points; Debian's")


def test_a_damaged_font_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "damaged.ttf").write_bytes(b"no font")
    monkeypatch.setattr(fonts, "findSystemFonts", lambda: [str(tmp_path / "damaged.ttf")])
    fonts._family.cache_clear()
    assert drawable(WITHOUT_FONT) == "U+0378"
