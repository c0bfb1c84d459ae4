"""K-fold cross-validation: each face of Training is evaluated once, by a network that was not trained on it."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fer_data.dataset import TRAINING, FaceSet
from fer_edge.errors import UsageError
from fer_edge.inference.temperature import apply_temperature
from fer_train.prediction import probabilities
from fer_train.report.folds_report import write_folds_report
from fer_train.report.verdict import Judgement
from fer_train.training.fit import fit
from fer_train.training.run_folder import Fold, RunConfig
from fer_train.training.targets import make_targets


def assign_folds(faces: FaceSet, count: int, seed: int) -> NDArray[np.int64]:
    """The fold, 0..count-1, of each face [N]: equally many of every class in each, and exact copies in one fold."""
    _, first = np.unique(faces.digests(), return_inverse=True)
    rng = np.random.default_rng(seed)
    folds = np.zeros(first.max(initial=0) + 1, np.int64)
    labels = np.zeros_like(folds)
    labels[first] = faces.labels
    for label in np.unique(labels):
        members = rng.permutation(np.flatnonzero(labels == label))
        folds[members] = np.arange(len(members)) % count
    return np.asarray(folds[first], np.int64)


def cross_validate(config: RunConfig, faces: FaceSet, count: int, out: Path) -> Judgement:
    """Train `count` networks, each on all folds of Training except one, and evaluate it on that one.

    Writes the runs to OUT/fold-1 and so on, OUT/report.html with its plots, OUT/folds.json (the accuracy of each, their
    mean and standard deviation, and the scores over all faces) and OUT/out_of_fold.npz (for each face its name, its
    label and the probabilities float32 [N,classes] of the network that was not trained on it, at the temperature of its
    run). A second call resumes an interrupted one.

    Returns:
        What the networks are worth on all faces.

    Raises:
        UsageError: Too few or too many folds, or a folder holds another run.
    """
    training = faces.split(TRAINING)
    smallest = int(np.bincount(training.labels, minlength=len(faces.classes)).min())
    if not 2 <= count <= smallest:
        raise UsageError(
            f"--folds {count}: must be between 2 and {smallest}, the number of faces of the smallest class"
        )
    folds = assign_folds(training, count, config.recipe.seed)
    predicted = np.zeros((len(training), len(faces.classes)), np.float32)
    accuracies = []
    for index in range(count):
        fold = Fold(index + 1, count)
        included, held_out = training.only(folds != index), training.only(folds == index).renamed(str(fold))
        fold_config = dataclasses.replace(config, validation=str(fold), fold=fold)
        targets = make_targets(included, config.recipe)
        run = fit(fold_config, included, targets, held_out, out / f"fold-{fold.number}")
        predicted[folds == index] = apply_temperature(probabilities(run.model, held_out.pixels), run.temperature)
        accuracies.append(float((predicted[folds == index].argmax(axis=1) == held_out.labels).mean()))
    judgement = write_folds_report(training, predicted, accuracies, out)
    mean, deviation = float(np.mean(accuracies)), float(np.std(accuracies, ddof=1))
    summary = {"accuracies": accuracies, "mean": mean, "deviation": deviation, **judgement.scores.as_json()}
    (out / "folds.json").write_text(json.dumps(summary, indent=2) + "\n")
    np.savez_compressed(out / "out_of_fold.npz", names=training.names, labels=training.labels, probabilities=predicted)
    return judgement
