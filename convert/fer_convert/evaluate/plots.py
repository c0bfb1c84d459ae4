"""The plots of a comparison of models, each a matplotlib Figure."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from fer_convert.evaluate.comparison import Comparison
from fer_data.plotting import draw_matrix, new_figure, recall_bars, risk_coverage_curves, save_figure, short_path

MATRICES_PER_ROW = 3


def write_plots(comparison: Comparison, out: Path) -> None:
    """Write confusion.png, recall.png and risk_coverage.png into the folder `out`."""
    curves = {model.name: model.evaluation.curves.risk_coverage for model in comparison.all_models}
    figures = {
        "confusion.png": confusion(comparison),
        "recall.png": recall(comparison),
        "risk_coverage.png": risk_coverage_curves(curves),
    }
    for name, figure in figures.items():
        save_figure(figure, out / name)


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
        title = f"{short_path(model.name)}: {100 * scores.accuracy:.1f} % of {scores.count}"
        draw_matrix(axes, 100 * scores.confusion / np.maximum(totals, 1), 100, scores.classes, title)
    for axes in grid[::columns]:
        axes.set_ylabel("true, each row in %")
    return figure


def recall(comparison: Comparison) -> Figure:
    """The recall of each class as a bar for each model, with its 95 % interval."""
    scores = {model.name: model.evaluation.scores for model in comparison.all_models}
    return recall_bars(scores, f"Recall of each class on {comparison.split}")
