"""Sections that several reports have."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from fer_data.formatting import number, percent
from fer_data.metrics import Curves, Scores
from fer_train.recipe import REASONS
from fer_train.report.html_page import Section, Table


def classes_section(part: str, scores: Scores, curves: Curves) -> Section:
    """The figures of each class on the faces of a part of the data."""
    rows = [
        (
            name,
            scores.support[name],
            percent(scores.recall[name]),
            percent(scores.precision[name]),
            percent(scores.f1[name]),
            number(curves.auc[name]),
            number(curves.average_precision[name]),
        )
        for name in scores.classes
    ]
    return Section(
        f"Classes ({part})",
        f"Averaged over the classes, recall is {percent(scores.balanced_accuracy)} and F1 {percent(scores.macro_f1)}. "
        "Recall is the share of the faces of a class that are found, precision the share of the faces predicted as a "
        "class that belong to it, F1 the harmonic mean of both. AUC and average precision (AP) are explained below.",
        table=Table(("class", "faces", "recall", "precision", "F1", "AUC", "AP"), rows),
    )


def recipe_sections(run: Path, facts: Mapping[str, Any]) -> Iterator[Section]:
    """The recipe.json of a run with the reasons in it, and further facts; no section if there is neither."""
    recipe = run / "recipe.json"
    settings = {**(json.loads(recipe.read_text()) if recipe.exists() else {}), **facts}
    reasons = settings.pop(REASONS, {})
    if settings:
        text = (
            "The hyper-parameters that the model was trained with, and the reasons for those that follow from the data."
        )
        rows = [(name, value, reasons.get(name, "")) for name, value in settings.items()]
        yield Section("Recipe", text, table=Table(("setting", "value", "reason"), rows))
