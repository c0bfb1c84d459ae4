"""Parts of plots that the trainer and the converter share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from fer_data.metrics import Scores

MAX_LABEL = 16  # characters of a class name on an axis
MAX_MODEL_NAME = 28  # characters


def new_figure(width: float, height: float) -> Figure:
    """An empty figure, sizes in inches; a page is about nine inches wide."""
    return Figure(figsize=(width, height), layout="compressed")


def short(name: str) -> str:
    """The name of a class, cut to what fits an axis."""
    return name if len(name) <= MAX_LABEL else f"{name[: MAX_LABEL - 1]}…"


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
        axes.bar(centres, shares, bar, yerr=(below, above), capsize=2, ecolor="black", label=short_path(model))
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


def short_path(name: str) -> str:
    """The name of a model, cut at the front if it is too long, since paths differ at their ends."""
    return name if len(name) <= MAX_MODEL_NAME else f"…{name[1 - MAX_MODEL_NAME :]}"
