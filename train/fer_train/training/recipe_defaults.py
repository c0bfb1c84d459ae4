"""What a recipe leaves open follows from the number of faces and classes."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from fer_edge.config.model import SHIPPED
from fer_train.recipe import AUGMENTATIONS, NO_WEIGHTS, Recipe

LARGE_SET = Recipe()  # the values for FER-2013, 28,709 faces; those that are not derived hold for every set
SMALL_SET = 20_000  # faces; smaller sets start from the shipped weights
SMALL_CLASS = 200  # faces of a class, on average; likewise
MIN_STEPS = 150  # in an epoch; smaller sets have smaller batches
MIN_BATCH = 16  # faces; batch normalisation needs some
TRANSFER_STEPS, MIN_TRANSFER_EPOCHS, MAX_TRANSFER_EPOCHS = 300, 10, 30  # of a small set with initial weights
SCRATCH_STEPS, MAX_SCRATCH_EPOCHS = 3000, 200  # of one without
HEAD_FACES = 10_000  # that the last layer alone is trained on, each face as often as necessary
MAX_HEAD_EPOCHS = 40
AVERAGED_SHARE = 1 / 15  # of all steps, the time constant of the averaged weights

Derived = Iterator[tuple[str, Any, str]]


def complete_recipe(given: Mapping[str, Any], faces: int, classes: int) -> tuple[Recipe, dict[str, str]]:
    """The recipe for a training set, and the reason for each value that follows from the set.

    Args:
        given: The values that the user chose, by name; they win, and the others are adapted to them.
        faces: The number of training faces.
        classes: The number of their classes.
    """
    values, reasons = dict(given), {}
    small = faces < SMALL_SET or faces < SMALL_CLASS * classes
    for rule in (_weights, _batch, _optimisation, _average, _augmentation):
        for name, value, reason in rule(Recipe(**values), faces, small):
            if name not in given:
                values[name], reasons[name] = value, reason
    return Recipe(**values), reasons


def _weights(recipe: Recipe, faces: int, small: bool) -> Derived:
    count = f"{faces:,} training faces"
    if not small:
        yield "weights", NO_WEIGHTS, f"{count} are enough to start from random weights"
    elif recipe.model in SHIPPED:
        further = "so the shipped model is trained further, its last layer first"
        yield "weights", recipe.model, f"{count} are few, {further} (--weights {NO_WEIGHTS}: from random weights)"
    else:
        yield "weights", NO_WEIGHTS, f"{count} are few, but no weights of {recipe.model} are shipped"


def _batch(recipe: Recipe, faces: int, small: bool) -> Derived:
    batch = 2 ** math.floor(math.log2(max(1, faces / MIN_STEPS)))
    yield "batch", min(LARGE_SET.batch, max(MIN_BATCH, batch)), f"for {MIN_STEPS} steps in an epoch, from 16 to 128"
    epochs = min(MAX_HEAD_EPOCHS, max(LARGE_SET.head_epochs, math.ceil(HEAD_FACES / faces)))
    reason = f"for {HEAD_FACES:,} faces in all, from {LARGE_SET.head_epochs} to {MAX_HEAD_EPOCHS} epochs"
    yield "head_epochs", epochs, reason


def _optimisation(recipe: Recipe, faces: int, small: bool) -> Derived:
    """The learning rate is proportional to the batch (Goyal et al., arXiv:1706.02677)."""
    rate = LARGE_SET.learning_rate * recipe.batch / LARGE_SET.batch
    yield "learning_rate", rate, f"{LARGE_SET.learning_rate} for a batch of {LARGE_SET.batch}, in proportion"
    least, most, steps = LARGE_SET.epochs, LARGE_SET.epochs, 0
    if small and recipe.weights != NO_WEIGHTS:
        least, most, steps = MIN_TRANSFER_EPOCHS, MAX_TRANSFER_EPOCHS, TRANSFER_STEPS
    elif small:
        most, steps = MAX_SCRATCH_EPOCHS, SCRATCH_STEPS
    epochs = min(most, max(least, math.ceil(steps / recipe.steps(faces))))
    reason = f"for {steps:,} steps, from {least} to {most} epochs" if small else "as for FER-2013"
    yield "epochs", epochs, reason


def _average(recipe: Recipe, faces: int, small: bool) -> Derived:
    yield "warmup", min(LARGE_SET.warmup, recipe.epochs / 10), f"a tenth of the epochs, at most {LARGE_SET.warmup:g}"
    steps = recipe.epochs * recipe.steps(faces)
    average = max(0.0, 1 - 1 / max(1, AVERAGED_SHARE * steps))
    yield "average", min(LARGE_SET.average, round(average, 4)), f"over about a fifteenth of the {steps:,} steps"


def _augmentation(recipe: Recipe, faces: int, small: bool) -> Derived:
    for name, value in AUGMENTATIONS[recipe.augment].items():
        yield name, value, f"--augment {recipe.augment}"


DERIVED = tuple(complete_recipe({}, SMALL_SET, 2)[1])  # the names of the values that follow from the set
