"""The section of the report on the minimum scores that may be carried to the device."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from fer_data.class_lists import escape
from fer_data.formatting import percent
from fer_data.metrics import Scores
from fer_data.min_scores import MIN_FACES, MinScore
from fer_train.report.html_page import Section, Table

PRECISIONS = (0.8, 0.9, 0.95)  # to choose from, shares of the predictions of a class

USE = (
    "To use them, quantize the model with one of the commands below, which write the scores into the model file, and "
    "copy that file to the device: it then names a class only from its score on, and reports a face below it as unsure."
)
QUANTIZE = ("fer-convert", "quantize", "RUN/model.keras", "--data", "DATA", "--out", "RUN/fer.tflite")

Chosen = Mapping[float, Sequence[MinScore | None]]  # by precision, for each class


def min_scores_section(scores: Scores, chosen: Chosen, quantize: Sequence[str] = QUANTIZE) -> Section:
    """The minimum score of each class by the precision to reach, and the commands that carry them to the device.

    Args:
        scores: The scores of the model.
        chosen: The minimum scores.
        quantize: The command that quantizes the model, without them.
    """
    commands = [
        f"# {percent(precision, 0)} of the predictions of a class correct\n"
        + shlex.join([*quantize, "--min-score", _flag(scores.classes, row)])
        for precision, row in chosen.items()
        if any(choice and choice.score for choice in row)
    ]
    text = (
        "If a class is reported too often, require a higher probability of it: more of the predictions that remain are "
        "correct, and more faces of the class are missed. The table has for each class the least probability from "
        "which on the given share of its predictions is correct, and a dash where that is not reached with at least "
        f"{MIN_FACES} faces. They were chosen on the faces that they are evaluated on, and are slightly worse on new "
        "ones. "
    )
    text += USE if commands else "Here, each class needs none, or has too few faces to choose one."
    head = ["class", "precision", "recall"]
    for precision in chosen:
        head += [f"score for {percent(precision, 0)}", "recall"]
    rows = [
        [name, percent(scores.precision[name]), percent(scores.recall[name]), *_cells(index, chosen)]
        for index, name in enumerate(scores.classes)
    ]
    return Section("Minimum scores", text, table=Table(head, rows), commands="\n".join(commands))


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
