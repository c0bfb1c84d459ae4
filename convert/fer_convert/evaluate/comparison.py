"""The results of several models side by side, as JSON and as a Markdown page."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from fer_convert.evaluate.evaluation import Evaluation
from fer_convert.markdown import table
from fer_data.dataset import TRAINING
from fer_data.formatting import number, percent
from fer_data.metrics import Curves, Scores, macro_average
from fer_data.risk_coverage import Answers
from fer_edge.config.model import DEFAULT_MIN_SCORE


@dataclass(frozen=True)
class ModelResult:
    """The evaluation of one model.

    Attributes:
        name: Name of the model, unique in a comparison.
        facts: File, sha256 and what it ran on.
        evaluation: Its accuracy.
    """

    name: str
    facts: dict[str, str]
    evaluation: Evaluation


@dataclass(frozen=True)
class Comparison:
    """Models evaluated on one split of a data set, and the float model as a reference, if any."""

    data: str
    split: str
    models: tuple[ModelResult, ...]
    reference: ModelResult | None = None

    @property
    def all_models(self) -> tuple[ModelResult, ...]:
        """All models, the reference first."""
        return (self.reference, *self.models) if self.reference else self.models

    def agreement(self, model: ModelResult) -> float | None:
        """Share of the faces, 0..1, for which a model predicts the same class as the reference; None if unknown."""
        return model.evaluation.agreement(self.reference.evaluation) if self.reference else None

    def as_json(self) -> dict[str, Any]:
        """All figures as JSON values."""
        return {
            "data": self.data,
            "split": self.split,
            "models": [{**_as_json(model), "agreement": self.agreement(model)} for model in self.models],
            "float": _as_json(self.reference) if self.reference else None,
        }

    def as_markdown(self) -> str:
        """A table of all models; then for each a table of its classes and its confusion matrix."""
        parts = [f"# {', '.join(model.name for model in self.models)} on {self.split} of {self.data}", self._overview()]
        for model in self.all_models:
            parts += [f"## {model.name}", _class_table(model.evaluation), _confusion(model.evaluation.scores)]
        return "\n\n".join(parts) + "\n"

    def _overview(self) -> str:
        answered, correct = f"answered at min score {DEFAULT_MIN_SCORE:g}", "correct of those"
        measures: dict[str, Callable[[Evaluation], object]] = {
            "faces": lambda result: result.scores.count,
            "accuracy": lambda result: _accuracy(result.scores),
            "95 % interval": lambda result: _interval(result.scores.interval),
            f"faces without a copy in {TRAINING}": lambda result: result.without_copies.count,
            "accuracy on those": lambda result: _accuracy(result.without_copies),
            "95 % interval on those": lambda result: _interval(result.without_copies.interval),
            "balanced accuracy": lambda result: percent(result.scores.balanced_accuracy, 2),
            "macro F1": lambda result: percent(result.scores.macro_f1, 2),
            "macro AUC": lambda result: number(macro_average(result.curves.auc.values())),
            "ECE": lambda result: percent(result.curves.calibration.ece, 2),
            "ECE of exact scores": lambda result: percent(result.curves.calibration.ece_exact, 2),
            answered: lambda result: percent(_answers(result.curves).answered, 2),
            correct: lambda result: percent(_answers(result.curves).accuracy, 2),
            "two views: accuracy": lambda result: _accuracy(result.two_views.scores),
            "two views: 95 % interval": lambda result: _interval(result.two_views.scores.interval),
            "two views: ECE": lambda result: percent(result.two_views.curves.calibration.ece, 2),
            f"two views: {answered}": lambda result: percent(_answers(result.two_views.curves).answered, 2),
            f"two views: {correct}": lambda result: percent(_answers(result.two_views.curves).accuracy, 2),
        }
        rows = [[name, *(value(model.evaluation) for model in self.all_models)] for name, value in measures.items()]
        if self.reference:
            agreements = [percent(self.agreement(model), 2) for model in self.models]
            rows.append([f"same answer as {self.reference.name}", "-", *agreements])
        rows.append(["runs on", *(model.facts["runs_on"] for model in self.all_models)])
        return table(["", *(model.name for model in self.all_models)], rows)


def _as_json(model: ModelResult) -> dict[str, Any]:
    return {"model": model.name, **model.facts, **model.evaluation.as_json()}


def _class_table(evaluation: Evaluation) -> str:
    header = ("class", "faces", "recall", "95 % interval", "precision", "F1", "AUC")
    return table(header, list(_class_rows(evaluation)))


def _class_rows(evaluation: Evaluation) -> Iterator[tuple[object, ...]]:
    scores, auc = evaluation.scores, evaluation.curves.auc
    for name in scores.classes:
        yield (
            name,
            scores.support[name],
            percent(scores.recall[name], 2),
            _interval(scores.recall_interval[name]),
            percent(scores.precision[name], 2),
            percent(scores.f1[name], 2),
            number(auc[name]),
        )


def _confusion(scores: Scores) -> str:
    rows = [[name, *counts] for name, counts in zip(scores.classes, scores.confusion.tolist(), strict=True)]
    return table(["true \\ predicted", *scores.classes], rows)


def _answers(curves: Curves) -> Answers:
    return curves.risk_coverage.at(DEFAULT_MIN_SCORE)


def _accuracy(scores: Scores) -> str:
    return percent(scores.accuracy if scores.count else None, 2)


def _interval(interval: tuple[float, float] | None) -> str:
    return "-" if interval is None else f"{100 * interval[0]:.1f} to {100 * interval[1]:.1f} %"
