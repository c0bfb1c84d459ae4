"""The plots of a report, each a matplotlib Figure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from fer_data.calibration import Calibration
from fer_data.metrics import Curves, Scores, macro_average
from fer_data.operating_points import OperatingPoint
from fer_data.plotting import draw_matrix, mark_direction, new_figure, short

EMPTY: NDArray[np.float64] = np.empty(0)


def _style(index: int) -> dict[str, Any]:
    """Colour and line style of a class by its index: ten colours, then the same ones dashed."""
    return {"color": colormaps["tab10"](index % 10), "linestyle": "-" if index < 10 else "--"}


def confusion(scores: Scores) -> Figure:
    """The confusion matrix twice: as counts of faces, and in per cent of the true class."""
    totals = scores.confusion.sum(axis=1, keepdims=True)
    side = max(2.8, 0.45 * len(scores.classes))
    figure = new_figure(2 * side + 2, side + 2.5)
    left, right = figure.subplots(1, 2, sharey=True)
    draw_matrix(left, scores.confusion, int(scores.confusion.max()), scores.classes, "faces")
    draw_matrix(right, 100 * scores.confusion / np.maximum(totals, 1), 100, scores.classes, "% of the true class")
    left.set_ylabel("true class")
    figure.suptitle(f"{100 * scores.accuracy:.1f} % of {scores.count} faces correct")
    return figure


def roc(curves: Curves) -> Figure:
    """The ROC of each class against the rest, with its AUC; of two classes, whose curves are equal, the second."""
    figure, axes = _square("false positive rate", "true positive rate (recall)")
    for index, (name, curve) in enumerate([*curves.roc.items()][len(curves.roc) == 2 :]):
        x, y = (curve.fpr, curve.tpr) if curve else (EMPTY, EMPTY)
        axes.plot(x, y, label=_legend_entry(name, curve.auc if curve else None), **_style(index))
    axes.plot([0, 1], [0, 1], color="grey", linestyle=":", label="guessing  0.500")
    _add_legend(figure, "AUC", curves.auc)
    return figure


def precision_recall(curves: Curves) -> Figure:
    """The precision-recall curve of each class against the rest, with its average precision."""
    figure, axes = _square("recall", "precision")
    for index, (name, curve) in enumerate(curves.precision_recall.items()):
        # Before the first true positive the precision is 0, which would be a line down the side.
        first = int(np.argmax(curve.recall > 0)) if curve else 0
        x = np.append(0.0, curve.recall[first:]) if curve else EMPTY
        y = np.append(curve.precision[first], curve.precision[first:]) if curve else EMPTY
        label = _legend_entry(name, curve.average_precision if curve else None)
        axes.plot(x, y, drawstyle="steps-pre", label=label, **_style(index))
    _add_legend(figure, "average precision", curves.average_precision)
    return figure


def _square(xlabel: str, ylabel: str) -> tuple[Figure, Axes]:
    """A plot of two shares, with room for a legend beside it."""
    figure = new_figure(8, 5)
    axes = figure.subplots()
    axes.set(xlabel=xlabel, ylabel=ylabel, xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), aspect="equal")
    axes.grid(alpha=0.3)
    return figure, axes


def _legend_entry(name: str, value: float | None) -> str:
    return mark_direction(f"{short(name)}  ") + ("too few faces" if value is None else f"{value:.3f}")


def _add_legend(figure: Figure, measure: str, values: Mapping[str, float | None]) -> None:
    mean = macro_average(values.values())
    title = measure if mean is None or len(set(values.values())) == 1 else f"{measure} (macro {mean:.3f})"
    figure.legend(loc="outside right upper", title=title, fontsize=9, title_fontsize=9)


def calibration(bins: Calibration) -> Figure:
    """A reliability diagram: accuracy by confidence, above the number of faces in each bin."""
    figure = new_figure(8, 5.5)
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=[4, 1])
    edges = np.linspace(0, 1, len(bins.count) + 1)
    width, centres = edges[1], (edges[:-1] + edges[1:]) / 2
    some = bins.count > 0
    upper.bar(
        centres[some], bins.accuracy[some], width, color="tab:blue", alpha=0.7, edgecolor="white", label="accuracy"
    )
    dots = {"color": "black", "markersize": 4, "clip_on": False, "label": "mean confidence"}
    upper.plot(bins.confidence[some], bins.accuracy[some], "o", **dots)
    upper.plot([0, 1], [0, 1], color="black", linestyle=":", label="perfect calibration")
    upper.set(ylabel="accuracy", xlim=(0, 1), ylim=(0, 1))
    upper.set_title(f"ECE {100 * bins.ece:.1f} %", pad=12)  # above the dots at the upper edge
    figure.legend(loc="outside right upper", fontsize=9)
    lower.bar(centres, bins.count, width, color="grey", edgecolor="white")
    lower.yaxis.set_major_locator(MaxNLocator(3, integer=True))
    lower.set(xlabel="confidence: probability of the predicted class", ylabel="faces")
    return figure


def threshold(points: Sequence[OperatingPoint], chosen: OperatingPoint | None, positive: str) -> Figure:
    """The rates at each threshold on the probability of `positive`, one of two classes."""
    figure = new_figure(8, 4)
    axes = figure.subplots()
    lines = {
        "tpr": f"recall of {short(positive)} (TPR)",
        "fpr": "false alarms (FPR)",
        "precision": "precision",
        "accuracy": "accuracy",
    }
    thresholds = [point.threshold for point in points]
    for key, label in lines.items():
        values = [getattr(point, key) for point in points]
        axes.plot(thresholds, [np.nan if value is None else value for value in values], label=label)
    if chosen:
        label = f"chosen (Youden's J): {chosen.threshold:.3g}"
        axes.axvline(chosen.threshold, color="black", linestyle="--", linewidth=1, label=label)
    axes.set(xlabel=f"threshold on the probability of {short(positive)}", xlim=(0, 1), ylim=(-0.02, 1.02))
    axes.grid(alpha=0.3)
    figure.legend(loc="outside right upper", fontsize=9)
    return figure
