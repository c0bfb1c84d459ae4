"""The models that are compared, each evaluated with its own labels on the same split."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from fer_convert.evaluate.comparison import ModelResult
from fer_convert.evaluate.evaluation import evaluate
from fer_data.classifiers import Classifier
from fer_data.dataset import TRAINING, FaceSet
from fer_edge.inference.model_file import ModelFile

ReadFaces = Callable[[tuple[str, ...], dict[str, Any]], FaceSet]


def evaluate_one(classifier: Classifier, faces: FaceSet, split: str) -> ModelResult:
    """Evaluate a model on a split of `faces`, which have its labels. Raises DataError without such a split."""
    test_faces, digests = faces.split(split), faces.digests()
    unseen = ~np.isin(digests[faces.splits == split], digests[faces.splits == TRAINING])
    mirror_images = np.ascontiguousarray(test_faces.pixels[:, :, ::-1])
    predicted, mirrored = classifier.classify(test_faces.pixels), classifier.classify(mirror_images)
    evaluation = evaluate(predicted, mirrored, test_faces, unseen)
    return ModelResult(classifier.name, classifier.facts, evaluation)


def unique_names(models: Sequence[ModelFile]) -> list[str]:
    """A name for each model: that on its card, or its path where several cards have the same name."""
    count = Counter(model.name for model in models)
    return [model.name if count[model.name] == 1 else str(model.path) for model in models]


def evaluate_all(
    candidates: Sequence[Classifier], read_faces: ReadFaces, split: str | None
) -> tuple[str, list[ModelResult]]:
    """Evaluate each candidate with its own labels, all on the same split.

    Args:
        candidates: The models, at least one.
        read_faces: Reads the faces for the labels and the training of a model.
        split: The split; None for PublicTest, test or validation, the first that the data has.

    Returns:
        The split and the results, in order.

    Raises:
        DataError: The data has no such split.
    """
    faces = [read_faces(candidate.labels, candidate.training) for candidate in candidates]
    split = split or faces[0].test_split()
    return split, [
        evaluate_one(candidate, with_its_labels, split)
        for candidate, with_its_labels in zip(candidates, faces, strict=True)
    ]
