"""Faces to those that a run trains on and those that it is judged by."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fer_data.dataset import TRAINING, VALIDATION, FaceSet, stratified
from fer_edge.errors import UsageError

HELD_OUT = 0.1


def parts(
    faces: FaceSet, validation: str | None, seed: int, *, keep_copies: bool = False
) -> tuple[FaceSet, FaceSet, int]:
    """The faces to train on, those to watch, and how many of the first were left out as copies.

    `validation` is the name of a split, or the share of Training to hold out; None takes the split `validation` where
    there is one, else a tenth of Training. A training face with an exact copy among the watched ones or in any other
    split would flatter every figure: it is left out unless `keep_copies`. Raises UsageError.
    """
    training, watched = _masks(faces, validation, seed)
    copies = np.zeros(len(faces), bool)
    if not keep_copies:
        digests = faces.digests()
        copies = training & np.isin(digests, digests[watched | (faces.splits != TRAINING)])
    training &= ~copies
    for label, name in enumerate(faces.classes):
        if not (faces.labels[training] == label).any():
            raise UsageError(f"class {name}: no face to train on; add some, or leave it out with --classes")
    return faces.only(training), faces.only(watched), int(copies.sum())


def _masks(faces: FaceSet, validation: str | None, seed: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    training = faces.splits == TRAINING
    if not training.any():
        raise UsageError(f"--data: no {TRAINING} faces in it; there are {', '.join(faces.split_names())}")
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
        raise UsageError(f"--validation {validation}: must lie between 0 and 1")
    held_out = training.copy()
    held_out[training] = stratified(faces.labels[training], fraction, seed)
    return training & ~held_out, held_out
