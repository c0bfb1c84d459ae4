"""What a run achieved: metrics.json and plots."""

from __future__ import annotations

import csv
import json
import platform
from pathlib import Path

import keras
import matplotlib
import numpy as np
from matplotlib.figure import Figure

from fer_edge.dataset import FaceSet
from fer_edge.scores import Scores

from .batches import probabilities


def write_report(model: keras.Model, validation: FaceSet, out: Path, seconds: float) -> Scores:
    """Judge the float `model` on `validation`; write metrics.json, curves.png and confusion.png into `out`."""
    predicted = probabilities(model, validation.pixels).argmax(axis=1)
    scores = Scores.of(validation.labels, predicted, validation.classes)
    metrics = {
        "model": "float",
        "validation": validation.split_names(),
        **scores.as_json(),
        "parameters": model.count_params(),
        "seconds": round(seconds),
        "keras": keras.__version__,
        "backend": keras.backend.backend(),
        "python": platform.python_version(),
    }
    (out / "metrics.json").write_text(json.dumps(metrics, indent=2) + "\n")
    plot_history(out / "history.csv", out / "curves.png")
    plot_confusion(scores, out / "confusion.png")
    return scores


def plot_history(history: Path, out: Path) -> None:
    """Loss and accuracy by epoch, from a history.csv."""
    with history.open(newline="") as file:
        rows = list(csv.DictReader(file))
    epochs = [int(row["epoch"]) + 1 for row in rows]
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    for axes, key, title in zip(figure.subplots(1, 2), ("loss", "accuracy"), ("Loss", "Accuracy"), strict=True):
        axes.plot(epochs, [float(row[key]) for row in rows], label="training (augmented, raw weights)")
        axes.plot(epochs, [float(row[f"val_{key}"]) for row in rows], label="validation (averaged weights)")
        axes.set(title=title, xlabel="epoch", xlim=(min(epochs), max(epochs) if len(epochs) > 1 else 2))
        axes.grid(alpha=0.3)
    axes.legend()
    figure.savefig(out, dpi=120)


def plot_confusion(scores: Scores, out: Path) -> None:
    """The confusion matrix, each row as shares of its true class."""
    shares = scores.confusion / np.maximum(scores.confusion.sum(axis=1, keepdims=True), 1)
    figure = Figure(figsize=(5.6, 5), layout="constrained")
    axes = figure.subplots()
    axes.imshow(shares, cmap=matplotlib.colormaps["Blues"], vmin=0, vmax=1)
    ticks = range(len(scores.classes))
    axes.set_xticks(ticks, scores.classes, rotation=45, ha="right")
    axes.set_yticks(ticks, scores.classes)
    axes.set(xlabel="said", ylabel="true", title=f"{100 * scores.accuracy:.1f} % of {scores.count} faces")
    for row, column in np.ndindex(shares.shape):
        colour = "white" if shares[row, column] > 0.5 else "black"
        axes.text(column, row, f"{100 * shares[row, column]:.0f}", ha="center", va="center", color=colour, fontsize=8)
    figure.savefig(out, dpi=120)
