"""What a run achieved: metrics.json, plots, and a page that explains them."""

from __future__ import annotations

import json
import platform
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from fer_data.curves import Curves, operating_point
from fer_data.dataset import FaceSet
from fer_data.edgetpu_memory import EDGE_TPU_MEMORY
from fer_data.scores import Scores
from fer_train import plots
from fer_train.batches import probabilities
from fer_train.page import Section, Table, write_page
from fer_train.summary import Summary, summarize

FEW = 50  # below as many faces a recall may be off by some 14 points
MIB = 2**20

# For each plot: the title of its section, what the picture is, how to read it.
READING = {
    "curves.png": (
        "Training",
        "Loss and accuracy by epoch",
        "An epoch is one pass over the training faces. The loss says how far the answers are off (lower is better), "
        "the accuracy which share of them is right. Where validation no longer gains, further epochs do not help; "
        "where it gets worse while training goes on to gain, the model learns its faces by heart. Augmentation makes "
        "the training faces harder, so that validation may well look better.",
    ),
    "confusion.png": (
        "Confusions",
        "Left: number of faces. Right: per cent of the faces of the true class",
        "Each row holds the faces of one true class, each column what the model said. Right answers lie on the "
        "diagonal; a dark field elsewhere is a class that the model takes for another. The right half makes rare and "
        "frequent classes comparable.",
    ),
    "roc.png": (
        "Telling each class from the rest",
        "Receiver operating characteristic (ROC) of each class",
        "How many faces of a class are found (upwards) at the price of how many others called by its name (to the "
        "right), for every threshold on its probability. The closer to the upper left corner the better. The area "
        "under the curve (AUC) is 1 when every face of the class scores above all others, and 0.5 for guessing.",
    ),
    "precision_recall.png": (
        "Precision and recall",
        "Precision by recall of each class",
        "How many of the faces called by a name are rightly called so (precision, upwards) when so many of its faces "
        "are to be found (recall, to the right). The closer to the upper right corner the better. For a rare class "
        "this says more than the ROC: the precision of guessing is no more than the share of its faces.",
    ),
    "threshold.png": (
        "Where to draw the line",
        "What each threshold gives",
        "With two classes one may ask for more than 50 % before the second is called. A higher threshold raises fewer "
        "false alarms and finds fewer faces. The dashed line is where the share found exceeds the share of "
        "false alarms the most; where one error is worse than the other, choose another. It was chosen on the faces it "
        "is judged on, and will do a little worse on new ones.",
    ),
    "calibration.png": (
        "Does it know how sure it is?",
        "Reliability diagram with the expected calibration error (ECE)",
        "Answers grouped by the probability that the model gave them. Of the answers given with 70 %, 70 % should be "
        "right: a dot should lie on the dotted line. Below the line the model is too sure of itself, above it too "
        "modest. The expected calibration error is the mean distance. Bars of few answers (below) say little.",
    ),
    "mistakes.png": (
        "The most confident mistakes",
        "True class → what the model said, with its probability",
        "The wrong answers that the model was most sure of. They are worth a look: some are wrong labels in the data, "
        "others show what the training faces lack.",
    ),
}


@dataclass(frozen=True)
class _Result:
    """Faces, what the model says of them, float32 [N,classes], and what follows."""

    faces: FaceSet
    probabilities: NDArray[np.float32]
    scores: Scores
    curves: Curves
    network: Summary


def write_report(model: keras.Model, judged: FaceSet, out: Path, facts: Mapping[str, Any]) -> Scores:
    """Judge the float `model`, softmax, on `judged`; write metrics.json, plots (PNG) and report.html into `out`.

    `facts`, JSON values by name, go into metrics.json and onto the page, as do history.csv and recipe.json where the
    folder `out` has them. The page needs no other file.
    """
    answers = probabilities(model, judged.pixels)
    scores = Scores.of(judged.labels, answers.argmax(axis=1), judged.classes)
    result = _Result(judged, answers, scores, Curves.of(judged.labels, answers, judged.classes), summarize(model))
    metrics = {
        "model": "float",
        "validation": judged.split_names(),
        **scores.as_json(),
        **result.curves.as_json(),
        "parameters": result.network.parameters,
        "macs": result.network.macs,
        "edge_tpu_bytes": result.network.edge_tpu_bytes,
        **facts,
        "keras": keras.__version__,
        "backend": keras.backend.backend(),
        "python": platform.python_version(),
    }
    (out / "metrics.json").write_text(json.dumps(metrics, indent=2) + "\n")
    figures = _figures(result, out / "history.csv")
    for name, figure in figures.items():
        figure.savefig(out / name, dpi=120, bbox_inches="tight")
    sections = [_classes(result), *_plots(result, out, figures), _network(result.network), *_settings(out, facts)]
    write_page(out / "report.html", f"Report on the model {model.name}", _verdict(result), sections)
    return scores


def _figures(result: _Result, history: Path) -> dict[str, Figure]:
    figures = {
        "confusion.png": plots.confusion(result.scores),
        "roc.png": plots.roc(result.curves),
        "precision_recall.png": plots.precision_recall(result.curves),
        "calibration.png": plots.calibration(result.curves.calibration),
        "mistakes.png": plots.mistakes(result.faces, result.probabilities),
    }
    if history.exists() and history.stat().st_size:  # empty when a run that was over was started again without it
        figures["curves.png"] = plots.history(history)
    if result.curves.thresholds:
        positive, scores = result.faces.labels == 1, result.probabilities[:, 1]
        points = [operating_point(positive, scores, threshold) for threshold in np.linspace(0, 1, 201)]
        figures["threshold.png"] = plots.threshold(points, result.curves.chosen, result.faces.classes[1])
    return figures


def _verdict(result: _Result) -> str:
    """How good, where weak, and where there are too few faces to tell."""
    scores = result.scores
    low, high = scores.interval
    text = (
        f"Of {scores.count} faces ({', '.join(result.faces.split_names())}) the model calls "
        f"{_percent(scores.accuracy)} right; the 95 % interval is {_percent(low)} to {_percent(high)}."
    )
    known = sorted((recall, name) for name, recall in scores.recall.items() if recall is not None)
    weakest = [_weakness(scores, name) for recall, name in known[: max(1, len(known) // 3)] if recall < 1]
    if weakest:
        text += f" Weakest: {'; '.join(weakest)}."
    few = [f"{name} ({count})" for name, count in scores.support.items() if count < FEW]
    if few:
        text += f" Too few faces to say much of: {', '.join(few)}."
    return text


def _weakness(scores: Scores, name: str) -> str:
    index = scores.classes.index(name)
    said = scores.confusion[index].copy()
    said[index] = -1
    other = scores.classes[said.argmax()]
    return f"{name} ({_percent(scores.recall[name])} found, most often taken for {other})"


def _classes(result: _Result) -> Section:
    scores, curves = result.scores, result.curves
    rows = [
        (
            name,
            scores.support[name],
            _percent(scores.recall[name]),
            _percent(scores.precision[name]),
            _percent(scores.f1[name]),
            _number(curves.auc[name]),
            _number(curves.average_precision[name]),
        )
        for name in scores.classes
    ]
    return Section(
        "Each class",
        "Recall: how many of its faces are found. Precision: how many of the faces called by its name are its own. F1: "
        "the harmonic mean of the two. AUC and average precision (AP) are explained below. All classes counted alike, "
        f"the recall is {_percent(scores.balanced_accuracy)} and F1 {_percent(scores.macro_f1)}.",
        table=Table(("class", "faces", "recall", "precision", "F1", "AUC", "AP"), rows),
    )


def _plots(result: _Result, out: Path, figures: Mapping[str, Figure]) -> Iterator[Section]:
    for name, (title, caption, text) in READING.items():
        if name in figures:
            table = _thresholds(result.curves) if name == "threshold.png" else None
            yield Section(title, text, [(out / name, caption)], table)


def _thresholds(curves: Curves) -> Table:
    chosen = {curves.chosen} if curves.chosen else set()
    points = sorted({*curves.thresholds} | chosen, key=lambda point: point.threshold)
    rows = [
        (f"{point.threshold:.3g}" + (" (chosen)" if point == curves.chosen else ""), *map(_percent, point[1:]))
        for point in points
    ]
    return Table(("threshold", "found (TPR)", "false alarms (FPR)", "precision", "accuracy"), rows)


def _network(network: Summary) -> Section:
    rows = [
        (layer.name, layer.kind, " x ".join(map(str, layer.output[1:])), f"{layer.parameters:,}", f"{layer.macs:,}")
        for layer in network.layers
    ]
    beyond = "" if network.fits else " What is beyond is fetched anew for every face, which costs time."
    return Section(
        "The network",
        f"{network.parameters:,} parameters and {network.macs / 1e6:.1f} million multiply-accumulate operations (MACs) "
        f"a face. On the Edge TPU its weights take an estimated {network.edge_tpu_bytes / MIB:.1f} MiB, which "
        f"{'fits' if network.fits else 'does not fit'}: it holds about {EDGE_TPU_MEMORY // MIB} MiB.{beyond}",
        table=Table(("layer", "kind", "output", "parameters", "MACs"), rows),
    )


def _settings(out: Path, facts: Mapping[str, Any]) -> Iterator[Section]:
    recipe = out / "recipe.json"
    settings = {**(json.loads(recipe.read_text()) if recipe.exists() else {}), **facts}
    if settings:
        yield Section("Recipe", "What the model was made with.", table=Table(("setting", "value"), [*settings.items()]))


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.1f} %"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
