"""K-fold cross-validation: every face of Training is judged once, by a network that has not seen it."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fer_data.dataset import TRAINING, FaceSet
from fer_data.scores import Scores
from fer_edge.errors import UsageError
from fer_train.batches import probabilities
from fer_train.fit import fit
from fer_train.run import Orders
from fer_train.targets import wanted


def fold_of(faces: FaceSet, count: int, seed: int) -> NDArray[np.int64]:
    """The fold, 0..count-1, of each face [N]: as many of every class in each; exact copies in one fold."""
    _, first = np.unique(faces.digests(), return_inverse=True)
    rng = np.random.default_rng(seed)
    folds = np.zeros(first.max(initial=0) + 1, np.int64)
    labels = np.zeros_like(folds)
    labels[first] = faces.labels
    for label in np.unique(labels):
        members = rng.permutation(np.flatnonzero(labels == label))
        folds[members] = np.arange(len(members)) % count
    return np.asarray(folds[first], np.int64)


def cross_validate(orders: Orders, faces: FaceSet, count: int, out: Path) -> Scores:
    """Train `count` networks, OUT/fold-1 and so on, each on all but one fold of Training and judged by that.

    Writes OUT/folds.json (the accuracy of each, their mean and standard deviation, and the scores over all faces) and
    OUT/out_of_fold.npz (names, labels and probabilities float32 [N,classes] of the faces, each by the network that has
    not seen it). Called again it goes on where it was. Returns the scores over all faces. Raises UsageError.
    """
    training = faces.split(TRAINING)
    smallest = int(np.bincount(training.labels, minlength=len(faces.classes)).min())
    if not 2 <= count <= smallest:
        raise UsageError(f"--folds {count}: must lie between 2 and {smallest}, the faces of the smallest class")
    folds = fold_of(training, count, orders.recipe.seed)
    said = np.zeros((len(training), len(faces.classes)), np.float32)
    accuracies = []
    for fold in range(count):
        seen, judged = training.only(folds != fold), training.only(folds == fold)
        alone = dataclasses.replace(orders, validation=f"fold {fold + 1} of {count}")
        model = fit(alone, seen, wanted(seen, orders.recipe, orders.teachers), judged, out / f"fold-{fold + 1}")
        said[folds == fold] = probabilities(model, judged.pixels)
        accuracies.append(float((said[folds == fold].argmax(axis=1) == judged.labels).mean()))
    scores = Scores.of(training.labels, said.argmax(axis=1), faces.classes)
    mean, deviation = float(np.mean(accuracies)), float(np.std(accuracies, ddof=1))
    told = {"accuracies": accuracies, "mean": mean, "deviation": deviation, **scores.as_json()}
    (out / "folds.json").write_text(json.dumps(told, indent=2) + "\n")
    np.savez_compressed(out / "out_of_fold.npz", names=training.names, labels=training.labels, probabilities=said)
    return scores
