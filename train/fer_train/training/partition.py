"""Partition of a data set into training and validation faces."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fer_data.dataset import PRIVATE_TEST, PUBLIC_TEST, TEST, TRAINING, VALIDATION, FaceSet, stratified
from fer_edge.errors import UsageError

HELD_OUT = 0.1  # share of Training
HELD_OUT_PART = f"held out of {TRAINING}"
TEST_SPLITS = (PUBLIC_TEST, TEST, PRIVATE_TEST)  # the first of them that is not validated on


class Partition(NamedTuple):
    """The faces of a run, and how many training faces were left out as copies."""

    training: FaceSet
    validation: FaceSet
    copies: int


def partition(faces: FaceSet, validation: str | None, seed: int, *, keep_copies: bool = False) -> Partition:
    """Choose the training and the validation faces.

    A training face with an exact copy in the validation faces or in another split would improve every figure without
    merit.

    Args:
        faces: The data set, with a split TRAINING.
        validation: The name of a split, or the share of Training to hold out; None: the split `validation` where there
            is one, else HELD_OUT.
        seed: Seed for choosing the faces that are held out.
        keep_copies: Train on such copies nevertheless.

    Raises:
        UsageError: `validation` cannot be used, or a class has no training face.
    """
    training, validating = _masks(faces, validation, seed)
    copies = np.zeros(len(faces), bool)
    if not keep_copies:
        digests = faces.digests()
        copies = training & np.isin(digests, digests[validating | (faces.splits != TRAINING)])
    training &= ~copies
    for label, name in enumerate(faces.classes):
        if not (faces.labels[training] == label).any():
            raise UsageError(f"class {name}: no face to train on", cure="add some, or leave it out with --classes")
    held_out = faces.only(validating)
    if TRAINING in held_out.splits:
        held_out = held_out.renamed(HELD_OUT_PART)
    return Partition(faces.only(training), held_out, int(copies.sum()))


def find_test_faces(faces: FaceSet, validation: FaceSet) -> FaceSet | None:
    """The faces on which a finished model is judged in addition: a test split that is not validated on, if any."""
    free = [name for name in TEST_SPLITS if name in faces.splits and name not in validation.splits]
    return faces.split(free[0]) if free else None


def _masks(faces: FaceSet, validation: str | None, seed: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    training = faces.splits == TRAINING
    if not training.any():
        raise UsageError(f"--data: no {TRAINING} faces in it; its splits are {', '.join(faces.split_names())}")
    if validation is None:
        validation = VALIDATION if VALIDATION in faces.splits else str(HELD_OUT)
    try:
        fraction = float(validation)
    except ValueError:
        if validation == TRAINING or validation not in faces.split_names():
            raise UsageError(
                f"--validation {validation}: must be a number between 0 and 1, or one of the other splits of "
                f"{', '.join(faces.split_names())}"
            ) from None
        return training, faces.splits == validation
    if not 0 < fraction < 1:
        raise UsageError(f"--validation {validation}: must be between 0 and 1")
    held_out = training.copy()
    held_out[training] = stratified(faces.labels[training], fraction, seed)
    return training & ~held_out, held_out
