"""The scaling of the pixels that a network was trained with: named by a flag, or measured on labelled faces."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from fer_convert.adopt.verdict import Verdict
from fer_convert.quantize.scaling import GREY_LEVELS, Scaling
from fer_data.dataset import FaceSet
from fer_data.formatting import percent
from fer_edge.errors import UsageError

STANDARDIZE = "standardize"
COMMON = (Scaling(0, 1), Scaling(-1, 1), GREY_LEVELS)
EXPECTED = f"expected LOW..HIGH, what black and white become, e.g. 0..1, -1..1 or 0..255; or {STANDARDIZE}"
MAX_DIFFERENCE = 0.05  # between the range of a quantized input and that of the scaling it was calibrated with
MAX_FACES = 300  # on which each scaling is tried

Classify = Callable[[Scaling, NDArray[np.uint8]], NDArray[np.float32]]


def parse_scaling(text: str) -> Scaling | None:
    """The scaling LOW..HIGH, or None for `standardize`, which depends on the data. Raises UsageError."""
    if text == STANDARDIZE:
        return None
    match = re.fullmatch(r"(-?\d*\.?\d+)\.\.(-?\d*\.?\d+)", text)
    if not match or float(match[1]) >= float(match[2]):
        raise UsageError(f"--scaling {text}: {EXPECTED}")
    return Scaling(float(match[1]), float(match[2]))


def standardize(faces: FaceSet) -> Scaling:
    """The scaling that gives all pixels of the faces a mean of 0 and a standard deviation of 1."""
    mean, deviation = float(faces.pixels.mean()), float(faces.pixels.std()) or 1.0
    return Scaling(-mean / deviation, (255 - mean) / deviation)


def declared_scaling(low: float, high: float) -> Scaling | None:
    """The common scaling with which a quantized input of this range was calibrated, or None."""
    for scaling in COMMON:
        tolerance = MAX_DIFFERENCE * (scaling.high - scaling.low)
        if abs(low - scaling.low) <= tolerance and abs(high - scaling.high) <= tolerance:
            return scaling
    return None


def measure_scaling(classify: Classify, faces: FaceSet, seed: int = 0) -> tuple[Scaling, str]:
    """The common scaling with which a network classifies most faces correctly, in whatever order its labels are.

    Args:
        classify: From a scaling and faces, uint8 [N,48,48], to scores [N,classes].
        faces: Labelled faces, with the labels of the network.
        seed: Of the choice of MAX_FACES of them.

    Returns:
        The scaling, and a line with the accuracy of each.
    """
    chosen = faces.only(np.random.default_rng(seed).permutation(len(faces))[:MAX_FACES])
    candidates = (*COMMON, standardize(faces))
    verdicts = [Verdict.of(chosen.labels, classify(each, chosen.pixels), chosen.classes) for each in candidates]
    best = max(range(len(candidates)), key=lambda index: verdicts[index].best_accuracy)
    tried = ", ".join(
        f"{scaling} {percent(verdict.best_accuracy)}" for scaling, verdict in zip(candidates, verdicts, strict=True)
    )
    return candidates[best], f"scaling {candidates[best]}, measured on {len(chosen)} faces: {tried}"
