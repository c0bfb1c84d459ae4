"""Parts of plots that the trainer and the converter share."""

from __future__ import annotations

import unicodedata
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import rcParams
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text
from numpy.typing import NDArray

from fer_data.fonts import drawable, fallback_families
from fer_data.metrics import Scores
from fer_data.risk_coverage import RiskCoverage
from fer_edge.config.model import DEFAULT_MIN_SCORE

MAX_LABEL = 16  # characters of a class name on an axis
MAX_MODEL_NAME = 28  # characters
DPI = 120
LEFT_TO_RIGHT = "\u200e"  # an invisible mark

rcParams["text.parse_math"] = False  # a dollar sign in a name starts no formula


def new_figure(width: float, height: float) -> Figure:
    """An empty figure, sizes in inches; a page is about nine inches wide."""
    return Figure(figsize=(width, height), layout="compressed")


def save_figure(figure: Figure, path: Path, dpi: float = DPI) -> None:
    """Write a figure as a PNG file, with fonts for all its texts."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from font")
        figure.savefig(path, dpi=dpi, bbox_inches="tight")  # makes the labels of the axes, which are texts, too
    texts = [text for text in figure.findobj(Text) if isinstance(text, Text)]
    families = fallback_families("".join(text.get_text() for text in texts))
    if families:
        for text in texts:
            text.set_fontfamily([*rcParams["font.family"], *families])
        figure.savefig(path, dpi=dpi, bbox_inches="tight")


def short(name: str) -> str:
    """The name of a class, without its middle if it is too long for an axis, in characters that can be drawn."""
    half = MAX_LABEL // 2
    return drawable(name if len(name) <= MAX_LABEL else f"{name[:half]}…{name[half - MAX_LABEL + 1 :]}")


def mark_direction(label: str) -> str:
    """The label, marked if it begins with an Arabic or Hebrew name, so that what follows the name is drawn behind it.

    One with an underscore in front is marked too: matplotlib leaves such labels out of legends.
    """
    is_plain = label[:1] != "_" and unicodedata.bidirectional(label[:1]) not in {"R", "AL"}
    return label if is_plain else LEFT_TO_RIGHT + label


def draw_matrix(axes: Axes, values: NDArray[Any], darkest: float, classes: Sequence[str], title: str) -> None:
    """Draw a confusion matrix, values [classes,classes], as numbers on shades of blue, the darkest for `darkest`."""
    axes.imshow(values, cmap="Blues", vmin=0, vmax=max(1, darkest))
    names = [short(name) for name in classes]
    axes.set_xticks(range(len(names)), names, rotation=45, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(len(names)), names)
    axes.set_xlabel("predicted class")
    axes.set_title(title, fontsize=10)
    size = 8 if len(names) > 5 else 11
    for (row, column), value in np.ndenumerate(values):
        colour = "white" if value > 0.5 * darkest else "black" if value else "silver"
        axes.text(column, row, f"{value:.0f}", ha="center", va="center", color=colour, fontsize=size)


def recall_bars(models: Mapping[str, Scores], title: str) -> Figure:
    """The recall of each class as a bar for each model, by its name, with its 95 % interval."""
    classes = list(dict.fromkeys(name for scores in models.values() for name in scores.classes if scores.support[name]))
    width = 2 + len(classes) * (0.4 + 0.2 * len(models))
    figure = new_figure(min(max(6, width), 14), 4.5)
    axes = figure.subplots()
    bar = 0.8 / len(models)
    for index, (model, scores) in enumerate(models.items()):
        shares, below, above = _bars(scores, classes)
        centres = np.arange(len(classes)) + (index - (len(models) - 1) / 2) * bar
        axes.bar(
            centres,
            shares,
            bar,
            yerr=(below, above),
            capsize=2,
            ecolor="black",
            label=mark_direction(short_path(model)),
        )
    axes.set_xticks(
        range(len(classes)), [short(name) for name in classes], rotation=30, ha="right", rotation_mode="anchor"
    )
    axes.set(ylabel="recall: % of its faces recognized", xlim=(-0.5, len(classes) - 0.5), ylim=(0, 100))
    axes.set_title(title, fontsize=10)
    axes.grid(axis="y", alpha=0.3)
    axes.set_axisbelow(True)
    figure.legend(loc="outside right upper", title="with 95 % interval", fontsize=9, title_fontsize=9)
    return figure


def _bars(scores: Scores, classes: list[str]) -> tuple[list[float], list[float], list[float]]:
    """Recall in % by class, and how far its interval reaches below and above; NaN for a class without faces."""
    shares, below, above = [], [], []
    for name in classes:
        share, interval = scores.recall.get(name), scores.recall_interval.get(name)
        low, high = interval or (np.nan, np.nan)
        share = np.nan if share is None else share
        shares.append(100 * share)
        below.append(100 * max(0.0, share - low))
        above.append(100 * max(0.0, high - share))
    return shares, below, above


def risk_coverage_curves(models: Mapping[str, RiskCoverage]) -> Figure:
    """Accuracy by the share of faces that get an answer, a line for each model; dots mark the default minimum score."""
    figure = new_figure(8, 4.5)
    axes = figure.subplots()
    for model, curve in models.items():
        (line,) = axes.plot(100 * curve.answered, 100 * curve.accuracy, label=mark_direction(short_path(model)))
        point = curve.at(DEFAULT_MIN_SCORE)
        if point.accuracy is not None:
            axes.plot(100 * point.answered, 100 * point.accuracy, "o", color=line.get_color())
    axes.plot([], [], "o", color="grey", label=f"minimum score {DEFAULT_MIN_SCORE:g}")
    axes.set(xlabel="% of the faces that get an answer", ylabel="% of the answers that are correct", xlim=(0, 101))
    axes.grid(alpha=0.3)
    figure.legend(loc="outside right upper", fontsize=9)
    return figure


def short_path(name: str) -> str:
    """The name of a model, cut at the front if it is too long, since paths differ at their ends."""
    return drawable(name if len(name) <= MAX_MODEL_NAME else f"…{name[1 - MAX_MODEL_NAME :]}")
