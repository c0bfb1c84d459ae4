"""The learning curves of a run, from what it writes into its folder as it trains."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from fer_data.formatting import percent
from fer_data.plotting import new_figure, save_figure
from fer_train.report.explanations import TRAINING
from fer_train.report.history import read_epochs
from fer_train.report.html_page import Section

TRAINING_LABEL = "training (augmented, raw weights)"
VALIDATION_LABEL = "validation (averaged weights)"
CURVES = {  # by file name: the name of the figures, the title and the scale of a plot
    "curves_loss.png": ("loss", "Loss", 1),
    "curves_accuracy.png": ("accuracy", "Accuracy in %", 100),
    "curves_learning_rate.png": ("learning_rate", "Learning rate", 1),
}


@dataclass(frozen=True)
class History:
    """The figures of the complete epochs of a run.

    Attributes:
        epochs: By epoch, from 1, its figures by name: `loss`, `accuracy` (0..1), and with the prefix `val_` those of
            the validation faces.
        chance: The accuracy, 0..1, of predicting the most frequent class for every validation face; None: not known.
    """

    epochs: dict[int, dict[str, float]]
    chance: float | None = None

    def values(self, key: str) -> list[float]:
        """The figures of one name, in the order of the epochs."""
        return [figures[key] for figures in self.epochs.values()]

    def has(self, key: str) -> bool:
        """Whether the figures of one name were logged."""
        return all(key in figures for figures in self.epochs.values())

    @property
    def best(self) -> int | None:
        """The first epoch with the highest validation accuracy; None if that was not logged."""
        if not self.has("val_accuracy"):
            return None
        return max(self.epochs, key=lambda epoch: self.epochs[epoch]["val_accuracy"])


def read_history(run: Path) -> History | None:
    """The history of the run in a folder; None without a complete epoch."""
    epochs = {int(row.pop("epoch")) + 1: row for row in read_epochs(run / "history.csv")}
    return History(epochs, _read_chance(run / "run.json")) if epochs else None


def _read_chance(path: Path) -> float | None:
    try:
        by_split = json.loads(path.read_text())["faces"]["validation"]
        by_class = [sum(counts) for counts in zip(*(row.values() for row in by_split.values()), strict=True)]
        return float(max(by_class) / sum(by_class))
    except (OSError, ValueError, LookupError, TypeError, AttributeError, ZeroDivisionError):
        return None


def learning_curves(history: History) -> dict[str, Figure]:
    """Loss, accuracy in per cent and, if it was logged, learning rate by epoch, by the name of the file."""
    return {name: _curve(history, *curve) for name, curve in CURVES.items() if history.has(curve[0])}


def training_section(history: History, run: Path) -> Section:
    """Write the learning curves into the folder of a run, for a section of its report."""
    figures = []
    for name, figure in learning_curves(history).items():
        save_figure(figure, run / name)
        figures.append((run / name, f"{CURVES[name][1]} by epoch"))
    return Section(*TRAINING, figures, side_by_side=True)


def _curve(history: History, key: str, title: str, scale: int) -> Figure:
    """A figure by epoch, of training and validation; small, for three of them side by side, or one on a phone."""
    figure = new_figure(4.2, 3.2)
    axes = figure.subplots()
    epochs = list(history.epochs)
    marker = "o" if len(epochs) == 1 else ""
    for name, label in ((key, TRAINING_LABEL), (f"val_{key}", VALIDATION_LABEL)):
        if history.has(name):
            axes.plot(epochs, [scale * value for value in history.values(name)], marker=marker, label=label)
    if key == "accuracy":
        _mark(axes, history)
    axes.set(title=title, xlabel="epoch", xlim=(epochs[0] - 0.5, epochs[-1] + 0.5))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1, steps=[1, 2, 5, 10]))
    axes.grid(alpha=0.3)
    lines = axes.get_lines()
    if len(lines) > 1:
        figure.set_figheight(figure.get_figheight() + 0.22 * len(lines))
        figure.legend(loc="outside lower left", fontsize=9)
    return figure


def _mark(axes: Axes, history: History) -> None:
    """Mark the best epoch and the accuracy of chance."""
    best = history.best
    if best is not None:
        accuracy = history.epochs[best]["val_accuracy"]
        label = f"best epoch: {best}, {percent(accuracy)}"
        axes.plot([best], [100 * accuracy], "*", color="black", markersize=11, label=label)
    if history.chance is not None:
        label = f"chance (always the most frequent class): {percent(history.chance)}"
        axes.axhline(100 * history.chance, color="grey", linestyle=":", label=label)
