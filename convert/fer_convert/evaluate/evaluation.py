"""The accuracy of one model on labelled faces."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_data.dataset import FaceSet
from fer_data.metrics import Curves, Scores


@dataclass(frozen=True)
class TwoViews:
    """How well a model classified faces by the mean of its probabilities for each face and its mirror image.

    Attributes:
        scores: Confusion matrix and what follows from it.
        curves: ROC, precision and recall, calibration.
    """

    scores: Scores
    curves: Curves

    def as_json(self) -> dict[str, Any]:
        """The figures as JSON values."""
        return {**self.scores.as_json(), **self.curves.as_json()}


@dataclass(frozen=True)
class Evaluation:
    """How well a model classified a set of faces.

    Attributes:
        scores: Confusion matrix and what follows from it, for all faces.
        without_copies: The same for the faces without an exact copy in the training split.
        curves: ROC, precision and recall, calibration.
        two_views: The same with the mirror image of each face.
        predictions: Predicted class of each face, by the name of the face.
    """

    scores: Scores
    without_copies: Scores
    curves: Curves
    two_views: TwoViews
    predictions: Mapping[str, str]

    def agreement(self, other: Evaluation) -> float | None:
        """Share of the common faces, 0..1, for which both models predict the same class; None without common faces."""
        common = self.predictions.keys() & other.predictions.keys()
        same = [self.predictions[face] == other.predictions[face] for face in common]
        return sum(same) / len(same) if same else None

    def as_json(self) -> dict[str, Any]:
        """The figures as JSON values."""
        return {
            **self.scores.as_json(),
            "recall_interval95": self.scores.recall_interval,
            **self.curves.as_json(),
            "without_copies": self.without_copies.as_json(),
            "two_views": self.two_views.as_json(),
        }


def evaluate(
    probabilities: NDArray[np.float32], mirrored: NDArray[np.float32], faces: FaceSet, unseen: NDArray[np.bool_]
) -> Evaluation:
    """Evaluate what a model predicts for faces.

    Args:
        probabilities: Of the faces, float32 [N,classes].
        mirrored: Of their mirror images, float32 [N,classes].
        faces: The faces.
        unseen: Which of them have no copy in the training split, bool [N].
    """
    predicted, both = probabilities.argmax(axis=1), (probabilities + mirrored) / 2
    return Evaluation(
        Scores.of(faces.labels, predicted, faces.classes),
        Scores.of(faces.labels[unseen], predicted[unseen], faces.classes),
        Curves.of(faces.labels, probabilities, faces.classes),
        TwoViews(
            Scores.of(faces.labels, both.argmax(axis=1), faces.classes), Curves.of(faces.labels, both, faces.classes)
        ),
        dict(zip(faces.names.tolist(), (faces.classes[label] for label in predicted), strict=True)),
    )
