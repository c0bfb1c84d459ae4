"""The report on a cross-validation."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fer_data.dataset import FaceSet
from fer_data.formatting import percent
from fer_data.metrics import Curves, Scores
from fer_data.min_scores import choose_min_scores
from fer_data.plotting import risk_coverage_curves, save_figure
from fer_train.report import plots
from fer_train.report.explanations import EXPLANATIONS
from fer_train.report.html_page import Section, Table, write_page
from fer_train.report.min_scores import PRECISIONS, min_scores_section
from fer_train.report.mistakes import mistakes
from fer_train.report.sections import classes_section, recipe_sections
from fer_train.report.verdict import Judgement


def write_folds_report(
    faces: FaceSet, probabilities: NDArray[np.float32], accuracies: Sequence[float], out: Path
) -> Judgement:
    """Write plots and report.html into the folder of a cross-validation, and return what its models are worth.

    Args:
        faces: All faces of the folds.
        probabilities: For each, those of the network that was not trained on it, at its temperature, float32
            [N,classes].
        accuracies: The accuracy of each fold, 0..1.
        out: The folder, with the run of each fold in it.
    """
    part = f"all {len(accuracies)} folds"
    scores = Scores.of(faces.labels, probabilities.argmax(axis=1), faces.classes)
    curves = Curves.of(faces.labels, probabilities, faces.classes)
    figures = {
        "confusion.png": plots.confusion(scores),
        "roc.png": plots.roc(curves),
        "precision_recall.png": plots.precision_recall(curves),
        "calibration.png": plots.calibration(curves.calibration),
        "risk_coverage.png": risk_coverage_curves({part: curves.risk_coverage}),
        "mistakes.png": mistakes(None, faces, probabilities),
    }
    for name, figure in figures.items():
        save_figure(figure, out / name)
    chosen = {precision: choose_min_scores(faces.labels, probabilities, precision) for precision in PRECISIONS}
    sections = [
        _folds_section(accuracies),
        classes_section(part, scores, curves),
        *(
            Section(title, text, [(out / name, caption)])
            for name, (title, caption, text) in EXPLANATIONS.items()
            if name in figures
        ),
        min_scores_section(scores, chosen),
        *recipe_sections(out / "fold-1", {}),
    ]
    judgement = Judgement(part, scores)
    summary = (
        f"{percent(scores.accuracy)} of {scores.count} faces are classified correctly, each by a network that was not "
        f"trained on it; {judgement.error}. That is {judgement.worth}."
    )
    write_page(out / "report.html", f"Cross-validation in {len(accuracies)} folds", summary, sections)
    return judgement


def _folds_section(accuracies: Sequence[float]) -> Section:
    deviation = float(np.std(accuracies, ddof=1))
    text = (
        "The accuracy differs between the folds by chance, since each has other faces: its mean is "
        f"{percent(float(np.mean(accuracies)))}, its standard deviation {100 * deviation:.1f} points. A recipe whose "
        "mean is better by less than that is not certainly better."
    )
    rows = [
        (str(fold), percent(accuracy), f"fold-{fold}/report.html") for fold, accuracy in enumerate(accuracies, start=1)
    ]
    return Section("Folds", text, table=Table(("fold", "accuracy", "its report"), rows))
