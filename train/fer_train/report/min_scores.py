"""The section of the report on the minimum scores that may be carried to the device."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fer_data.class_lists import escape
from fer_data.formatting import percent
from fer_data.metrics import Scores
from fer_data.min_scores import MIN_FACES, MinScore
from fer_train.report.html_page import Section, Table

PRECISIONS = (0.8, 0.9, 0.95)  # to choose from, shares of the predictions of a class

Chosen = Mapping[float, Sequence[MinScore | None]]  # by precision, for each class


def min_scores_section(scores: Scores, chosen: Chosen) -> Section:
    """The minimum score of each class by the precision to reach, and the flags that carry them to the device."""
    flags = [
        f"for {percent(precision, 0)}: --min-score {_flag(scores.classes, row)}"
        for precision, row in chosen.items()
        if any(choice and choice.score for choice in row)
    ]
    text = (
        "If a class is reported too often, require a higher probability of it: more of the predictions that remain are "
        "correct, and more faces of the class are missed. The table has for each class the least probability from "
        "which on the given share of its predictions is correct, and a dash where that is not reached with at least "
        f"{MIN_FACES} faces. They were chosen on the faces that they are evaluated on, and are slightly worse on new "
        "ones. fer-convert quantize writes those that you choose into the model file, and the device then reports a "
        "change to a class only from its score on: "
    )
    head = ["class", "precision", "recall"]
    for precision in chosen:
        head += [f"score for {percent(precision, 0)}", "recall"]
    rows = [
        [name, percent(scores.precision[name]), percent(scores.recall[name]), *_cells(index, chosen)]
        for index, name in enumerate(scores.classes)
    ]
    return Section(
        "Minimum scores", f"{text}{'; '.join(flags) or 'none is needed or reached'}.", table=Table(head, rows)
    )


def min_scores_json(classes: Sequence[str], chosen: Chosen) -> dict[str, Any]:
    """The scores as JSON values: by precision and class, None where it is not reached."""
    return {
        f"{precision:g}": {name: choice and choice.score for name, choice in zip(classes, row, strict=True)}
        for precision, row in chosen.items()
    }


def _cells(index: int, chosen: Chosen) -> list[str]:
    choices = [row[index] for row in chosen.values()]
    cells = [(f"{choice.score:.2f}", percent(choice.recall)) if choice else ("-", "-") for choice in choices]
    return [cell for pair in cells for cell in pair]


def _flag(classes: Sequence[str], row: Sequence[MinScore | None]) -> str:
    pairs = zip(classes, row, strict=True)
    return ",".join(f"{escape(name)}={choice.score:g}" for name, choice in pairs if choice and choice.score)
