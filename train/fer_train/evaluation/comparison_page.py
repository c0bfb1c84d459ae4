"""A comparison of models as a table, as JSON, and as a page with plots."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from fer_data.edgetpu_memory import EDGE_TPU_MEMORY
from fer_data.formatting import percent
from fer_data.plotting import new_figure, recall_bars, short_path
from fer_train.evaluation.comparison import Compared, describe_winner, ranking
from fer_train.report.html_page import Section, Table, write_page

MIB = 2**20
COST_TEXT = (
    "MACs are multiply-accumulate operations for one face, and largely determine how long the processor of the device "
    f"takes; the memory is that of the parameters on the Edge TPU, which holds about {EDGE_TPU_MEMORY // MIB} MiB. "
    "Both are estimates from the graph; fer-convert latency measures."
)


def table(models: Sequence[Compared], part: str) -> list[tuple[str, ...]]:
    """The models side by side: a column for each, the winner marked with *, and a row for each figure."""
    best, p_values = ranking(models)
    rows = [
        (f"faces ({part})", *(f"{model.scores.count:,}" for model in models)),
        ("accuracy", *(percent(model.scores.accuracy) for model in models)),
        ("95 % interval", *(_interval(model.scores.interval) for model in models)),
        ("p against the best", *(f"{p_values[m.name]:.2g}" if m.name in p_values else "-" for m in models)),
    ]
    recalls = {name: [model.scores.recall[name] for model in models] for name in best.scores.classes}
    return [
        ("", *(f"{model.name} *" if model is best else model.name for model in models)),
        *rows,
        *((f"recall of {name}", *map(percent, shares)) for name, shares in recalls.items() if shares[0] is not None),
        ("classes", *(str(model.classes) for model in models)),
        ("file, KiB", *(f"{model.cost.file_bytes / 1024:,.0f}" for model in models)),
        ("million MACs", *(f"{model.cost.macs / 1e6:.1f}" if model.cost.macs else "-" for model in models)),
        ("Edge TPU, MiB", *(f"{_mib(model):.2f}" if model.cost.macs else "-" for model in models)),
        ("training, s", *("-" if model.seconds is None else f"{model.seconds:,}" for model in models)),
    ]


def as_json(models: Sequence[Compared], part: str) -> dict[str, Any]:
    """All figures as JSON values."""
    best, p_values = ranking(models)
    each = [
        {"model": model.name, **model.scores.as_json(), **asdict(model.cost), "seconds": model.seconds}
        | {"recall_interval95": model.scores.recall_interval, "p": p_values.get(model.name)}
        for model in models
    ]
    return {"part": part, "best": best.name, "models": each}


def write_comparison(models: Sequence[Compared], part: str, out: Path) -> None:
    """Write comparison.html, comparison.json and the plots into a folder."""
    (out / "comparison.json").write_text(json.dumps(as_json(models, part), indent=1) + "\n")
    scores = {model.name: model.scores for model in models}
    figures = {"recall.png": recall_bars(scores, f"Recall of each class, {part}"), "accuracy.png": _accuracy(models)}
    with_history = [model for model in models if model.history]
    if with_history:
        figures["curves.png"] = _curves(with_history)
    for name, figure in figures.items():
        figure.savefig(out / name, dpi=120, bbox_inches="tight")
    header, *rows = table(models, part)
    sections = [
        Section("Side by side", f"* marks the most accurate model. {COST_TEXT}", table=Table(header, rows)),
        Section("Accuracy", figures=[(out / "accuracy.png", "Accuracy with its 95 % interval")]),
        Section("Classes", figures=[(out / "recall.png", "Recall of each class with its 95 % interval")]),
    ]
    if with_history:
        sections.append(Section("Training", figures=[(out / "curves.png", "Validation by epoch")]))
    write_page(out / "comparison.html", "Comparison of models", f"{describe_winner(models)}.", sections)


def _accuracy(models: Sequence[Compared]) -> Figure:
    figure = new_figure(8, 1 + 0.45 * len(models))
    axes = figure.subplots()
    best, _ = ranking(models)
    for row, model in enumerate(models):
        low, high = model.scores.interval
        share = model.scores.accuracy
        error = ([100 * (share - low)], [100 * (high - share)])
        colour = "tab:blue" if model is best else "grey"
        axes.errorbar([100 * share], [row], xerr=error, fmt="o", capsize=4, color=colour)
    axes.set_yticks(range(len(models)), [short_path(model.name) for model in models])
    axes.set(xlabel="accuracy, %", ylim=(len(models) - 0.5, -0.5))
    axes.grid(axis="x", alpha=0.3)
    return figure


def _curves(models: Sequence[Compared]) -> Figure:
    """Validation accuracy and loss by epoch, a line for each run."""
    figure = new_figure(9, 4)
    panels = figure.subplots(1, 2)
    for model in models:
        if not model.history:
            continue
        with model.history.open(newline="") as file:
            epochs = {int(row["epoch"]) + 1: row for row in csv.DictReader(file)}
        marker = "o" if len(epochs) == 1 else ""
        for axes, key, scale in zip(panels, ("val_accuracy", "val_loss"), (100, 1), strict=True):
            values = [scale * float(row[key]) for row in epochs.values()]
            axes.plot(list(epochs), values, marker=marker, label=short_path(model.name))
    for axes, title in zip(panels, ("Validation accuracy, %", "Validation loss"), strict=True):
        axes.set(title=title, xlabel="epoch")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1, steps=[1, 2, 5, 10]))
        axes.grid(alpha=0.3)
    figure.legend(handles=panels[0].get_lines(), loc="outside lower center", ncols=3, fontsize=9)
    return figure


def _interval(interval: tuple[float, float]) -> str:
    return f"{100 * interval[0]:.1f} to {100 * interval[1]:.1f} %"


def _mib(model: Compared) -> float:
    return model.cost.edge_tpu_bytes / MIB
