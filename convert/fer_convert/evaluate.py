"""What a quantized model file is worth, through the device's own classifier."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fer_edge.dataset import FaceSet
from fer_edge.emotions import EmotionClassifier
from fer_edge.errors import UsageError
from fer_edge.progress import bar
from fer_edge.scores import Scores


def probabilities(classifier: EmotionClassifier, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Float32 [N,classes] of the faces, uint8 [N,side,side]; shows a progress bar on a terminal."""
    return classifier.classify(bar(pixels, "classify", "face", total=len(pixels)))


def in_terms_of(labels: tuple[str, ...], faces: FaceSet) -> FaceSet:
    """The faces whose class the model knows, with their labels in its order.

    Raises UsageError when it knows fewer than two of their classes.
    """
    known = [name for name in faces.classes if name in labels]
    if len(known) < 2:
        raise UsageError(
            f"the model's labels ({', '.join(labels)}) are not those of the data ({', '.join(faces.classes)})"
        )
    return faces.choose(labels)


@dataclass(frozen=True)
class Evaluation:
    """Scores on all faces asked for, and on those of them that have no exact copy in the training split."""

    scores: Scores
    without_copies: Scores


def evaluate(predicted: NDArray[np.int64], faces: FaceSet, training: FaceSet) -> Evaluation:
    """Judge predictions int64 [N] for `faces`; `training` tells which of them were seen before."""
    seen = {face.tobytes() for face in training.pixels}
    new = np.array([face.tobytes() not in seen for face in faces.pixels])
    return Evaluation(
        Scores.of(faces.labels, predicted, faces.classes), Scores.of(faces.labels[new], predicted[new], faces.classes)
    )
