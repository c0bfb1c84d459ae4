"""What a model is worth: each one, quantized or float, judged by the same faces in terms of its own labels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_data.curves import Curves
from fer_data.dataset import FaceSet
from fer_data.scores import Scores
from fer_edge.errors import UsageError
from fer_edge.inference.classifier import EmotionClassifier
from fer_edge.progress import bar


def probabilities(classifier: EmotionClassifier, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Float32 [N,classes] of the faces, uint8 [N,side,side]; shows a progress bar on a terminal."""
    return classifier.classify(bar(pixels, classifier.model.name, "face", total=len(pixels)))


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
    """What a model said of faces, and how good that is.

    scores: on all of them. without_copies: on those that have no exact copy in the training split. answers: by the name
    of each face the class that was said.
    """

    scores: Scores
    without_copies: Scores
    curves: Curves
    answers: Mapping[str, str]

    def agreement(self, other: Evaluation) -> float | None:
        """The share, 0..1, of the faces shown to both that both call by the same name; None without any."""
        same = [said == other.answers[face] for face, said in self.answers.items() if face in other.answers]
        return sum(same) / len(same) if same else None

    def as_json(self) -> dict[str, Any]:
        """The numbers, for a JSON file."""
        return {
            **self.scores.as_json(),
            "recall_interval95": self.scores.recall_interval,
            **self.curves.as_json(),
            "without_copies": self.without_copies.as_json(),
        }


def evaluate(probabilities: NDArray[np.float32], faces: FaceSet, new: NDArray[np.bool_]) -> Evaluation:
    """Judge probabilities [N,classes] for `faces`; `new` [N] are those that the model has not seen in training."""
    said = probabilities.argmax(axis=1)
    return Evaluation(
        Scores.of(faces.labels, said, faces.classes),
        Scores.of(faces.labels[new], said[new], faces.classes),
        Curves.of(faces.labels, probabilities, faces.classes),
        dict(zip(faces.names.tolist(), (faces.classes[label] for label in said), strict=True)),
    )
