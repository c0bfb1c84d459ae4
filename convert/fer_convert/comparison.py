"""Several models side by side, judged by the same faces: as JSON, and as a page in Markdown."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from fer_convert.evaluate import Evaluation
from fer_convert.markdown import table
from fer_data.curves import macro
from fer_data.dataset import TRAINING
from fer_data.scores import Scores


@dataclass(frozen=True)
class Judged:
    """A model, by a name that no other here has, what else is told of it (file, sha256, runs_on), and its worth."""

    name: str
    facts: dict[str, str]
    evaluation: Evaluation


@dataclass(frozen=True)
class Comparison:
    """Models judged on one part of a data set, and the float model that they are held against, if any."""

    data: str
    split: str
    models: tuple[Judged, ...]
    reference: Judged | None = None

    @property
    def everyone(self) -> tuple[Judged, ...]:
        """The models, the float one first."""
        return (self.reference, *self.models) if self.reference else self.models

    def agreement(self, model: Judged) -> float | None:
        """How often a model says what the float model says, 0..1; None without one, or without a face in common."""
        return model.evaluation.agreement(self.reference.evaluation) if self.reference else None

    def as_json(self) -> dict[str, Any]:
        """All numbers, for a JSON file."""
        return {
            "data": self.data,
            "split": self.split,
            "models": [{**_as_json(model), "agreement": self.agreement(model)} for model in self.models],
            "float": _as_json(self.reference) if self.reference else None,
        }

    def as_markdown(self) -> str:
        """A table of all models, then one of the classes of each, with its confusion matrix."""
        parts = [f"# {', '.join(model.name for model in self.models)} on {self.split} of {self.data}", self._overview()]
        for model in self.everyone:
            parts += [f"## {model.name}", _classes(model.evaluation), _confusion(model.evaluation.scores)]
        return "\n\n".join(parts) + "\n"

    def _overview(self) -> str:
        measures: dict[str, Callable[[Evaluation], object]] = {
            "faces": lambda judged: judged.scores.count,
            "accuracy": lambda judged: _accuracy(judged.scores),
            "95 % interval": lambda judged: _interval(judged.scores.interval),
            f"faces without a copy in {TRAINING}": lambda judged: judged.without_copies.count,
            "accuracy on those": lambda judged: _accuracy(judged.without_copies),
            "95 % interval on those": lambda judged: _interval(judged.without_copies.interval),
            "balanced accuracy": lambda judged: _percent(judged.scores.balanced_accuracy),
            "macro F1": lambda judged: _percent(judged.scores.macro_f1),
            "macro AUC": lambda judged: _number(macro(judged.curves.auc.values())),
            "ECE": lambda judged: _percent(judged.curves.calibration.ece),
        }
        rows = [[what, *(of(model.evaluation) for model in self.everyone)] for what, of in measures.items()]
        if self.reference:
            same = [_percent(self.agreement(model)) for model in self.models]
            rows.append([f"says what {self.reference.name} says", "-", *same])
        rows.append(["runs on", *(model.facts["runs_on"] for model in self.everyone)])
        return table(["", *(model.name for model in self.everyone)], rows)


def _as_json(model: Judged) -> dict[str, Any]:
    return {"model": model.name, **model.facts, **model.evaluation.as_json()}


def _classes(judged: Evaluation) -> str:
    return table(("class", "faces", "recall", "95 % interval", "precision", "F1", "AUC"), list(_class_rows(judged)))


def _class_rows(judged: Evaluation) -> Iterator[tuple[object, ...]]:
    scores, auc = judged.scores, judged.curves.auc
    for name in scores.classes:
        yield (
            name,
            scores.support[name],
            _percent(scores.recall[name]),
            _interval(scores.recall_interval[name]),
            _percent(scores.precision[name]),
            _percent(scores.f1[name]),
            _number(auc[name]),
        )


def _confusion(scores: Scores) -> str:
    rows = [[name, *counts] for name, counts in zip(scores.classes, scores.confusion.tolist(), strict=True)]
    return table(["true \\ said", *scores.classes], rows)


def _accuracy(scores: Scores) -> str:
    return _percent(scores.accuracy if scores.count else None)


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.2f} %"


def _interval(interval: tuple[float, float] | None) -> str:
    return "-" if interval is None else f"{100 * interval[0]:.1f} to {100 * interval[1]:.1f} %"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
