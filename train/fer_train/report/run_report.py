"""The report on a model: metrics.json, plots, and a page that explains them."""

from __future__ import annotations

import json
import platform
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from fer_data.calibration import calibrate
from fer_data.dataset import FaceSet
from fer_data.edgetpu_memory import EDGE_TPU_MEMORY
from fer_data.formatting import percent
from fer_data.metrics import Curves, Scores
from fer_data.min_scores import MinScore, choose_min_scores
from fer_data.operating_points import operating_point
from fer_data.plotting import risk_coverage_curves, save_figure
from fer_edge.inference.temperature import apply_temperature
from fer_train.prediction import probabilities
from fer_train.report import plots
from fer_train.report.certainty import answers_table, temperature_table
from fer_train.report.explanations import EXPLANATIONS
from fer_train.report.html_page import Section, Table, write_page
from fer_train.report.learning_curves import read_history, training_section
from fer_train.report.min_scores import PRECISIONS, QUANTIZE, min_scores_json, min_scores_section
from fer_train.report.mistakes import mistakes
from fer_train.report.network_cost import NetworkCost, network_cost
from fer_train.report.sections import classes_section, recipe_sections
from fer_train.report.verdict import Judgement, judge, read_training_facts

FEW_FACES = 50  # with fewer, a recall may be off by some 14 points
MIB = 2**20


@dataclass(frozen=True)
class _Result:
    """What a report is made of.

    Attributes:
        faces: The faces that the model was evaluated on.
        probabilities: The output of the model at its temperature, float32 [N,classes].
        scores: The scores of its predictions.
        curves: The curves of its probabilities.
        ece_before: The expected calibration error of its output, without the temperature, 0..1.
        cost: The cost of its network.
    """

    faces: FaceSet
    probabilities: NDArray[np.float32]
    scores: Scores
    curves: Curves
    ece_before: float
    cost: NetworkCost

    @property
    def min_scores(self) -> dict[float, list[MinScore | None]]:
        """The minimum scores of the classes, by the precision to reach."""
        labels = self.faces.labels
        return {precision: choose_min_scores(labels, self.probabilities, precision) for precision in PRECISIONS}

    @property
    def name(self) -> str:
        """The name of the part of the data that the faces are."""
        return ", ".join(self.faces.split_names())

    def as_json(self) -> dict[str, Any]:
        """The figures as JSON values."""
        return {**self.scores.as_json(), **self.curves.as_json(), "ece_before": self.ece_before}


def write_report(
    model: keras.Model,
    faces: FaceSet,
    out: Path,
    facts: Mapping[str, Any],
    test: FaceSet | None = None,
    *,
    temperature: float = 1.0,
    quantize: Sequence[str] = QUANTIZE,
) -> tuple[Judgement, ...]:
    """Evaluate a model and write metrics.json, plots (PNG) and report.html, which needs no other file.

    Args:
        model: A float model with a softmax output.
        faces: The faces to evaluate on.
        out: The folder to write into; if it has a history.csv or a recipe.json, they are part of the report.
        facts: JSON values by name, for metrics.json and the page.
        test: Further faces to evaluate on; the plots are of `faces` alone.
        temperature: What the logits of the model are divided by.
        quantize: The command that quantizes the model.

    Returns:
        What the model is worth on each.
    """
    cost = network_cost(model)
    results = [_evaluate(model, part, cost, temperature) for part in (faces, test) if part is not None]
    result = results[0]
    judgements = judge([(part.name, part.scores) for part in results], read_training_facts(out))
    metrics = _metrics(result, {"temperature": temperature, **facts})
    if test is not None:
        metrics["test"] = {"split": test.split_names(), **results[1].as_json()}
    (out / "metrics.json").write_text(json.dumps(metrics, indent=2) + "\n")
    history = read_history(out)
    figures = _figures(model, result)
    for name, figure in figures.items():
        save_figure(figure, out / name)
    tables = [classes_section(part.name, part.scores, part.curves) for part in results]
    sections = [
        *tables,
        *([training_section(history, out)] if history else []),
        *_plots(results, temperature, out, figures),
        min_scores_section(result.scores, result.min_scores, quantize),
        _network(cost),
        *recipe_sections(out, facts),
    ]
    summary = "\n".join(_summary(*both) for both in zip(results, judgements, strict=True))
    write_page(out / "report.html", f"Report on the model {model.name}", summary, sections)
    return judgements


def _evaluate(model: keras.Model, faces: FaceSet, cost: NetworkCost, temperature: float) -> _Result:
    output = probabilities(model, faces.pixels)
    predicted = apply_temperature(output, temperature)
    scores = Scores.of(faces.labels, predicted.argmax(axis=1), faces.classes)
    curves = Curves.of(faces.labels, predicted, faces.classes)
    return _Result(faces, predicted, scores, curves, calibrate(faces.labels, output).ece, cost)


def _metrics(result: _Result, facts: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "model": "float",
        "validation": result.faces.split_names(),
        **result.as_json(),
        "min_score": min_scores_json(result.faces.classes, result.min_scores),
        "parameters": result.cost.parameters,
        "macs": result.cost.macs,
        "edge_tpu_bytes": result.cost.edge_tpu_bytes,
        **facts,
        "keras": keras.__version__,
        "backend": keras.backend.backend(),
        "python": platform.python_version(),
    }


def _figures(model: keras.Model, result: _Result) -> dict[str, Figure]:
    figures = {
        "confusion.png": plots.confusion(result.scores),
        "roc.png": plots.roc(result.curves),
        "precision_recall.png": plots.precision_recall(result.curves),
        "calibration.png": plots.calibration(result.curves.calibration),
        "risk_coverage.png": risk_coverage_curves({result.name: result.curves.risk_coverage}),
        "mistakes.png": mistakes(model, result.faces, result.probabilities),
    }
    if result.curves.operating_points:
        positive, scores = result.faces.labels == 1, result.probabilities[:, 1]
        points = [operating_point(positive, scores, threshold) for threshold in np.linspace(0, 1, 201)]
        figures["threshold.png"] = plots.threshold(points, result.curves.chosen, result.faces.classes[1])
    return figures


def _summary(result: _Result, judgement: Judgement) -> str:
    """The accuracy and what it is worth, the weakest classes, and those with too few faces."""
    scores = result.scores
    low, high = scores.interval
    text = (
        f"The model classifies {percent(scores.accuracy)} of {scores.count} faces "
        f"({result.name}) correctly; the 95 % interval is {percent(low)} to {percent(high)}, so "
        f"{judgement.error}. It is {judgement.worth}."
    )
    if judgement.causes:
        text += f" Likely because {', and '.join(judgement.causes)}."
    known = sorted((recall, name) for name, recall in scores.recall.items() if recall is not None)
    weakest = [_weakness(scores, name) for recall, name in known[: max(1, len(known) // 3)] if recall < 1]
    if weakest:
        text += f" Weakest: {'; '.join(weakest)}."
    few = [f"{name} ({count})" for name, count in scores.support.items() if count < FEW_FACES]
    if few:
        text += f" Too few faces for a reliable figure: {', '.join(few)}."
    return text


def _weakness(scores: Scores, name: str) -> str:
    index = scores.classes.index(name)
    mistaken = scores.confusion[index].copy()
    mistaken[index] = -1
    other = scores.classes[mistaken.argmax()]
    return f"{name} (recall {percent(scores.recall[name])}, most often mistaken for {other})"


def _plots(
    results: Sequence[_Result], temperature: float, out: Path, figures: Mapping[str, Figure]
) -> Iterator[Section]:
    errors = {result.name: (result.ece_before, result.curves.calibration.ece) for result in results}
    tables = {
        "threshold.png": _thresholds(results[0].curves),
        "calibration.png": temperature_table(temperature, errors),
        "risk_coverage.png": answers_table(results[0].curves.risk_coverage),
    }
    for name, (title, caption, text) in EXPLANATIONS.items():
        if name in figures:
            yield Section(title, text, [(out / name, caption)], tables.get(name))


def _thresholds(curves: Curves) -> Table:
    chosen = {curves.chosen} if curves.chosen else set()
    points = sorted({*curves.operating_points} | chosen, key=lambda point: point.threshold)
    rows = [
        (f"{point.threshold:.3g}" + (" (chosen)" if point == curves.chosen else ""), *map(percent, point[1:]))
        for point in points
    ]
    return Table(("threshold", "recall (TPR)", "false alarms (FPR)", "precision", "accuracy"), rows)


def _network(cost: NetworkCost) -> Section:
    rows = [
        (layer.name, layer.kind, " x ".join(map(str, layer.output[1:])), f"{layer.parameters:,}", f"{layer.macs:,}")
        for layer in cost.layers
    ]
    beyond = "" if cost.fits else " What does not fit is transferred for every face, which takes time."
    return Section(
        "Network",
        f"{cost.parameters:,} parameters and {cost.macs / 1e6:.1f} million multiply-accumulate operations (MACs) per "
        f"face. On the Edge TPU its weights take an estimated {cost.edge_tpu_bytes / MIB:.1f} MiB, which "
        f"{'fits' if cost.fits else 'does not fit'}: the chip holds about {EDGE_TPU_MEMORY // MIB} MiB.{beyond}",
        table=Table(("layer", "kind", "output", "parameters", "MACs"), rows, f"The {len(rows)} layers"),
    )
