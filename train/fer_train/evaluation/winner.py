"""The most accurate of several models, and how certain that is."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fer_data.formatting import counted, percent
from fer_train.evaluation.comparison import Compared, Comparison

SIGNIFICANCE = 0.05  # p of McNemar's test below which a difference is certain


@dataclass(frozen=True)
class Ranking:
    """The most accurate model, compared with each other one, by its name.

    Attributes:
        best: The most accurate model; by its own report, if the models were not judged on the same faces.
        certain: Whether it is certainly better: by McNemar's test on the same faces, else because its 95 % interval
            lies above that of the other one. A model without a report has no entry.
        p_values: The results of McNemar's test; empty if the models were not judged on the same faces.
    """

    best: Compared
    certain: dict[str, bool]
    p_values: dict[str, float]


def rank(comparison: Comparison) -> Ranking:
    """Find the most accurate model, and whether that is certain."""
    judged = [(model, model.judged) for model in comparison.models if model.judged]
    if judged:
        best, own = max(judged, key=lambda pair: pair[1].scores.accuracy)
        p_values = {model.name: mcnemar(own.correct, other.correct) for model, other in judged if model is not best}
        limit = SIGNIFICANCE / len(p_values)  # Bonferroni: of many models, one may seem worse by chance
        return Ranking(best, {name: p < limit for name, p in p_values.items()}, p_values)
    recorded = [(model, model.recorded) for model in comparison.models if model.recorded]
    best, record = max(recorded, key=lambda pair: pair[1].accuracy)
    certain = {model.name: record.interval[0] > other.interval[1] for model, other in recorded if model is not best}
    return Ranking(best, certain, {})


def mcnemar(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> float:
    """The p-value of McNemar's exact test (Psychometrika 12, 1947) of two models on the same faces, bool [N] each."""
    only_first, only_second = int((first & ~second).sum()), int((second & ~first).sum())
    count = only_first + only_second
    tail = sum(math.comb(count, k) for k in range(min(only_first, only_second) + 1))
    return min(1.0, tail / 2 ** (count - 1)) if count else 1.0


def describe_winner(comparison: Comparison) -> list[str]:
    """The most accurate model and how certain that is, a line for each statement."""
    ranking = rank(comparison)
    best, p_values = ranking.best, ranking.p_values
    tied = [model.name for model in comparison.models if model is not best and _accuracy(model) == _accuracy(best)]
    place = f"as accurate as {', '.join(tied)}" if tied else "the most accurate"
    others = "; no model is more accurate" if tied else ""
    if best.judged:
        lines = [f"{best.name} is {place} on {counted(best.judged.scores.count, 'face')} ({comparison.part}){others}"]
        test = "McNemar's test on the same faces"
    else:
        lines = [
            f"not judged on the same faces: {comparison.reason}",
            f"{best.name} is {place} by its own report{others}",
        ]
        test = "the 95 % intervals of their own reports, which are on different faces"
    names = {name: f"{name} (p = {p_values[name]:.2g})" if p_values else name for name in ranking.certain}
    worse, equal = ([name for name, value in ranking.certain.items() if value is flag] for flag in (True, False))
    if worse:
        lines.append(f"certainly better than {', '.join(names[name] for name in worse)}, by {test}")
    if equal:
        lines.append(f"not certainly better than {', '.join(names[name] for name in equal)}, by {test}")
        lines += _records(model for model in comparison.models if model is best or model.name in equal)
    return lines


def _accuracy(model: Compared) -> float | None:
    """The accuracy by which a model is ranked."""
    if model.judged:
        return model.judged.scores.accuracy
    return model.recorded.accuracy if model.recorded else None


def _records(models: Iterable[Compared]) -> list[str]:
    """What the own reports of models add whose difference is not certain."""
    return [
        f"{model.name} by its own report: {describe_interval(record.interval)} ({record.part})"
        for model in models
        if (record := model.recorded)
    ]


def describe_interval(interval: tuple[float, float]) -> str:
    """A 95 % interval as text: `91.2 to 95.6 %`."""
    low, high = interval
    return f"{100 * low:.1f} to {percent(high)}"
