"""The models that are compared: quantized ones on the device's classifier, and a float one in Keras."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_convert.evaluate.comparison import ModelResult
from fer_convert.evaluate.evaluation import evaluate, probabilities
from fer_data.dataset import TRAINING, FaceSet
from fer_data.trained_model import read_trained
from fer_edge.inference.classifier import EmotionClassifier
from fer_edge.inference.loader import open_engine
from fer_edge.inference.model_file import ModelFile

ReadFaces = Callable[[tuple[str, ...], dict[str, Any]], FaceSet]


@dataclass(frozen=True)
class Candidate:
    """A model to evaluate.

    Attributes:
        name: Name in the comparison, unique there.
        labels: Classes, in output order.
        training: The part of its card about its training.
        facts: File, sha256 and what it runs on.
        classify: From faces, uint8 [N,48,48], to probabilities, float32 [N,classes].
    """

    name: str
    labels: tuple[str, ...]
    training: dict[str, Any]
    facts: dict[str, str]
    classify: Callable[[NDArray[np.uint8]], NDArray[np.float32]]

    def evaluate(self, faces: FaceSet, split: str) -> ModelResult:
        """Evaluate it on a split of `faces`, which have its labels. Raises DataError without such a split."""
        test_faces, digests = faces.split(split), faces.digests()
        unseen = ~np.isin(digests[faces.splits == split], digests[faces.splits == TRAINING])
        return ModelResult(self.name, self.facts, evaluate(self.classify(test_faces.pixels), test_faces, unseen))


def unique_names(models: Sequence[ModelFile]) -> list[str]:
    """A name for each model: that on its card, or its path where several cards have the same name."""
    count = Counter(model.name for model in models)
    return [model.name if count[model.name] == 1 else str(model.path) for model in models]


def quantized_candidate(model: ModelFile, name: str, runtime: str | None = None) -> Candidate:
    """A model file, run by the device's own classifier.

    Raises:
        ModelError: The model cannot be loaded.
        AcceleratorError: The model is compiled and there is no Edge TPU.
        UsageError: The runtime is not installed.
    """
    classifier = EmotionClassifier(model, open_engine(model, runtime=runtime))
    facts = {"file": model.path.name, "sha256": model.sha256, "runs_on": classifier.runs_on}
    return Candidate(
        name, model.labels, model.card.get("training", {}), facts, lambda pixels: probabilities(classifier, pixels)
    )


def float_candidate(path: Path) -> Candidate:
    """A model.keras of `fer-train fit`. Raises UsageError for any other file."""
    labels, training = read_trained(path)
    import keras

    model = keras.saving.load_model(path, compile=False)

    def classify(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        return np.asarray(model.predict(pixels[..., None].astype(np.float32), batch_size=256, verbose=0), np.float32)

    return Candidate("float", labels, training, {"file": path.name, "runs_on": f"keras {keras.__version__}"}, classify)


def evaluate_all(
    candidates: Sequence[Candidate], read_faces: ReadFaces, split: str | None
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
        candidate.evaluate(with_its_labels, split) for candidate, with_its_labels in zip(candidates, faces, strict=True)
    ]
