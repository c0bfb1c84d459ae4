"""A comparison of models as a table, as JSON, and as a page with plots."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from fer_data.edgetpu_memory import EDGE_TPU_MEMORY
from fer_data.formatting import counted, percent
from fer_data.plotting import mark_direction, new_figure, recall_bars, save_figure, short_path
from fer_train.evaluation.comparison import Compared, Comparison
from fer_train.evaluation.winner import Ranking, describe_interval, describe_winner, rank
from fer_train.report.history import read_epochs
from fer_train.report.html_page import Section, Table, write_page

MIB = 2**20
CURVES = (  # file, title, column of the history, scale
    ("curves_accuracy.png", "Validation accuracy in %", "val_accuracy", 100),
    ("curves_loss.png", "Validation loss", "val_loss", 1),
)
COST_TEXT = (
    "MACs are multiply-accumulate operations for one face, and largely determine how long the processor of the device "
    f"takes; the memory is that of the parameters on the Edge TPU, which holds about {EDGE_TPU_MEMORY // MIB} MiB. "
    "Both are estimates from the graph; fer-convert latency measures."
)


def table(comparison: Comparison) -> list[tuple[str, ...]]:
    """The models side by side: a column for each, the winner marked with *, and a row for each figure."""
    models, ranking = comparison.models, rank(comparison)
    return [
        ("", *(f"{model.name} *" if model is ranking.best else model.name for model in models)),
        *(_judged_rows(comparison, ranking) if ranking.best.judged else ()),
        *_recorded_rows(models),
        ("classes", *(str(model.classes) for model in models)),
        ("trained on", *(model.data or "-" for model in models)),
        ("file, KiB", *(f"{model.cost.file_bytes / 1024:,.0f}" for model in models)),
        ("million MACs", *(f"{model.cost.macs / 1e6:.1f}" if model.cost.macs else "-" for model in models)),
        ("Edge TPU, MiB", *(f"{_mib(model):.2f}" if model.cost.macs else "-" for model in models)),
        ("training, s", *("-" if model.seconds is None else f"{model.seconds:,}" for model in models)),
    ]


def _judged_rows(comparison: Comparison, ranking: Ranking) -> Iterator[tuple[str, ...]]:
    """The figures of the faces that all models were judged on."""
    p_values, scores = ranking.p_values, [model.judged.scores for model in comparison.models if model.judged]
    yield (f"faces ({comparison.part})", *(f"{one.count:,}" for one in scores))
    yield ("accuracy", *(percent(one.accuracy) for one in scores))
    yield ("95 % interval", *(describe_interval(one.interval) for one in scores))
    yield ("p against the best", *(f"{p_values[m.name]:.2g}" if m.name in p_values else "-" for m in comparison.models))
    for name in scores[0].classes:
        if scores[0].support[name]:
            yield (f"recall of {name}", *(percent(one.recall[name]) for one in scores))


def _recorded_rows(models: Sequence[Compared]) -> Iterator[tuple[str, ...]]:
    """The figures of the models' own reports."""
    records = [model.recorded for model in models]
    yield ("own report on", *(f"{one.part}, {counted(one.count, 'face')}" if one else "-" for one in records))
    yield ("own accuracy", *(percent(one.accuracy) if one else "-" for one in records))
    yield ("own 95 % interval", *(describe_interval(one.interval) if one else "-" for one in records))


def as_json(comparison: Comparison) -> dict[str, Any]:
    """All figures as JSON values."""
    ranking = rank(comparison)
    models = []
    for model in comparison.models:
        figures: dict[str, Any] = {"model": model.name, **asdict(model.cost), "seconds": model.seconds}
        if model.judged:
            scores = model.judged.scores
            figures |= scores.as_json() | {"recall_interval95": scores.recall_interval}
        if model.recorded:
            figures["report"] = {**asdict(model.recorded), "interval95": model.recorded.interval}
        models.append(figures | {"p": ranking.p_values.get(model.name)})
    best = {"part": comparison.part, "reason": comparison.reason, "best": ranking.best.name, "certain": ranking.certain}
    return {**best, "models": models}


def write_comparison(comparison: Comparison, out: Path) -> None:
    """Write comparison.html, comparison.json and the plots into a folder."""
    (out / "comparison.json").write_text(json.dumps(as_json(comparison), indent=1) + "\n")
    models, part = comparison.models, comparison.part or "by own reports"
    header, *rows = table(comparison)
    plots = [("Accuracy", "accuracy.png", f"Accuracy with its 95 % interval, {part}", _accuracy(comparison))]
    scores = {model.name: model.judged.scores for model in models if model.judged}
    if scores:
        title = f"Recall of each class, {part}"
        plots.append(
            ("Classes", "recall.png", "Recall of each class with its 95 % interval", recall_bars(scores, title))
        )
    sections = [Section("Side by side", f"* marks the most accurate model. {COST_TEXT}", table=Table(header, rows))]
    for heading, name, caption, figure in plots:
        save_figure(figure, out / name)
        sections.append(Section(heading, figures=[(out / name, caption)]))
    if any(model.history for model in models):
        sections.append(_training_section(models, out))
    summary = "\n".join(f"{line[:1].upper()}{line[1:]}." for line in describe_winner(comparison))
    write_page(out / "comparison.html", "Comparison of models", summary, sections)


def _accuracy(comparison: Comparison) -> Figure:
    """A row for each model that has an accuracy, with its interval; the best one in blue."""
    best = rank(comparison).best
    figures = [(model, model.judged.scores if model.judged else model.recorded) for model in comparison.models]
    known = [(model, one) for model, one in figures if one]
    figure = new_figure(8, 1 + 0.45 * len(known))
    axes = figure.subplots()
    for row, (model, one) in enumerate(known):
        share, (low, high) = one.accuracy, one.interval
        error = ([100 * (share - low)], [100 * (high - share)])
        colour = "tab:blue" if model is best else "grey"
        axes.errorbar([100 * share], [row], xerr=error, fmt="o", capsize=4, color=colour)
    axes.set_yticks(range(len(known)), [short_path(model.name) for model, _ in known])
    axes.set(xlabel="accuracy, %", ylim=(len(known) - 0.5, -0.5))
    axes.grid(axis="x", alpha=0.3)
    return figure


def _training_section(models: Sequence[Compared], out: Path) -> Section:
    """The validation accuracy and loss of runs by epoch; writes both plots."""
    figures = []
    for name, title, key, scale in CURVES:
        save_figure(_curves(models, title, key, scale), out / name)
        figures.append((out / name, f"{title} by epoch"))
    return Section("Training", figures=figures, side_by_side=True)


def _curves(models: Sequence[Compared], title: str, key: str, scale: int) -> Figure:
    """One figure of the history of runs by epoch, a line for each."""
    figure = new_figure(4.2, 3.2 + 0.22 * len(models))
    axes = figure.subplots()
    for model in models:
        history = read_epochs(model.history) if model.history else []
        if history:
            epochs, marker = [row["epoch"] + 1 for row in history], "o" if len(history) == 1 else ""
            values = [scale * row[key] for row in history]
            axes.plot(epochs, values, marker=marker, label=mark_direction(short_path(model.name)))
    axes.set(title=title, xlabel="epoch")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1, steps=[1, 2, 5, 10]))
    axes.grid(alpha=0.3)
    figure.legend(loc="outside lower left", fontsize=9)
    return figure


def _mib(model: Compared) -> float:
    return model.cost.edge_tpu_bytes / MIB
