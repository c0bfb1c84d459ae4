"""The plots of a report; those without a test here are tested in test_run_report."""

from __future__ import annotations

import numpy as np

from fer_data.metrics import Curves
from fer_train.report import plots


def roc_labels(classes: int, names: tuple[str, ...]) -> list[str]:
    """The legend of the ROC of random probabilities."""
    labels, rng = np.arange(90) % classes, np.random.default_rng(0)
    figure = plots.roc(Curves.of(labels, rng.dirichlet(np.ones(classes), 90).astype(np.float32), names))
    return [text.get_text().rsplit("  ", 1)[0] for text in figure.legends[0].get_texts()]


def test_two_classes_have_one_roc_and_more_have_one_each() -> None:
    assert roc_labels(2, ("happy", "sad")) == ["sad", "guessing"]
    assert roc_labels(3, ("happy", "sad", "fear")) == ["happy", "sad", "fear", "guessing"]


def test_a_legend_has_every_class_whatever_its_name_begins_with() -> None:
    arabic = "غضب"
    assert roc_labels(3, ("_happy", arabic, "$x^$")) == ["\u200e_happy", f"\u200e{arabic}", "$x^$", "guessing"]
