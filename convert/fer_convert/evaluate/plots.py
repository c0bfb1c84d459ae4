"""The plots of a comparison of models, each a matplotlib Figure."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from fer_convert.evaluate.comparison import Comparison, ModelResult
from fer_data.plotting import draw_matrix, new_figure, short

MATRICES_PER_ROW = 3
MAX_NAME_LENGTH = 28


def write_plots(comparison: Comparison, out: Path) -> None:
    """Write confusion.png and recall.png into the folder `out`."""
    for name, figure in {"confusion.png": confusion(comparison), "recall.png": recall(comparison)}.items():
        figure.savefig(out / name, dpi=120, bbox_inches="tight")


def confusion(comparison: Comparison) -> Figure:
    """The confusion matrices of all models side by side, each row in percent of its true class."""
    models = comparison.all_models
    columns = min(MATRICES_PER_ROW, len(models))
    rows = -(-len(models) // columns)
    side = max(2.8, 0.45 * max(len(model.evaluation.scores.classes) for model in models))
    figure = new_figure((side + 1) * columns, (side + 1.5) * rows)
    grid = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes in grid[len(models) :]:
        axes.set_axis_off()
    for axes, model in zip(grid, models, strict=False):
        scores = model.evaluation.scores
        totals = scores.confusion.sum(axis=1, keepdims=True)
        title = f"{_shortened(model.name)}: {100 * scores.accuracy:.1f} % of {scores.count}"
        draw_matrix(axes, 100 * scores.confusion / np.maximum(totals, 1), 100, scores.classes, title)
    for axes in grid[::columns]:
        axes.set_ylabel("true, each row in %")
    return figure


def recall(comparison: Comparison) -> Figure:
    """The recall of each class as a bar for each model, with its 95 % interval."""
    models = comparison.all_models
    classes = list(dict.fromkeys(name for model in models for name in model.evaluation.scores.classes))
    width = 2 + len(classes) * (0.4 + 0.2 * len(models))
    figure = new_figure(min(max(6, width), 14), 4.5)
    axes = figure.subplots()
    bar = 0.8 / len(models)
    for index, model in enumerate(models):
        shares, below, above = _bars(model, classes)
        centres = np.arange(len(classes)) + (index - (len(models) - 1) / 2) * bar
        axes.bar(centres, shares, bar, yerr=(below, above), capsize=2, ecolor="black", label=_shortened(model.name))
    axes.set_xticks(
        range(len(classes)), [short(name) for name in classes], rotation=30, ha="right", rotation_mode="anchor"
    )
    axes.set(ylabel="recall: % of its faces recognized", xlim=(-0.5, len(classes) - 0.5), ylim=(0, 100))
    axes.set_title(f"Recall of each class on {comparison.split}", fontsize=10)
    axes.grid(axis="y", alpha=0.3)
    axes.set_axisbelow(True)
    figure.legend(loc="outside right upper", title="with 95 % interval", fontsize=9, title_fontsize=9)
    return figure


def _bars(model: ModelResult, classes: list[str]) -> tuple[list[float], list[float], list[float]]:
    """Recall in % by class, and how far its interval reaches below and above; NaN for a class without faces."""
    scores = model.evaluation.scores
    shares, below, above = [], [], []
    for name in classes:
        share, interval = scores.recall.get(name), scores.recall_interval.get(name)
        low, high = interval or (np.nan, np.nan)
        share = np.nan if share is None else share
        shares.append(100 * share)
        below.append(100 * max(0.0, share - low))
        above.append(100 * max(0.0, high - share))
    return shares, below, above


def _shortened(name: str) -> str:
    """The name of a model, cut at the front if it is too long, since paths differ at their ends."""
    return name if len(name) <= MAX_NAME_LENGTH else f"…{name[1 - MAX_NAME_LENGTH :]}"
