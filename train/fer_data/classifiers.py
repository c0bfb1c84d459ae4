"""Trained models of either kind, ready to classify faces: a model.keras, or a model file on the device's classifier."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_data.dataset import SIDE
from fer_data.trained_model import KERAS_MODEL, TEMPERATURE, find_trained, read_trained
from fer_edge.geometry import Box
from fer_edge.inference.classifier import EmotionClassifier
from fer_edge.inference.crop import crop_face
from fer_edge.inference.loader import open_engine
from fer_edge.inference.model_file import ModelFile, read_model
from fer_edge.inference.runtimes import import_runtimes
from fer_edge.inference.temperature import apply_temperature
from fer_edge.progress import bar

KERAS_SUFFIX = ".keras"
BATCH = 256

Classify = Callable[[NDArray[np.uint8]], NDArray[np.float32]]
"""From faces, uint8 [N,H,W], to probabilities, float32 [N,classes]."""


@dataclass(frozen=True)
class Classifier:
    """A model that classifies faces.

    Attributes:
        name: Its name.
        labels: Classes, in output order.
        training: What its card records about its training.
        facts: File, what it runs on, and, for a model file, its sha256.
        crop_margin: How much wider than the box of a face its crop is, see crop_face().
        model: The model file, or the Keras model, whose output is without the temperature.
        side: Width and height of the faces that it takes, pixels.
        classify: Classifies faces of any size.
        temperature: What `classify` divides the logits by, see fer_edge.inference.temperature.
    """

    name: str
    labels: tuple[str, ...]
    training: dict[str, Any]
    facts: dict[str, str]
    crop_margin: float
    model: Any
    side: int
    classify: Classify
    temperature: float = 1.0

    @property
    def is_quantized(self) -> bool:
        """Whether it is a model file and not a Keras model."""
        return isinstance(self.model, ModelFile)


def probabilities(classifier: EmotionClassifier, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Classify faces, uint8 [N,H,W], with a progress bar on a terminal; returns float32 [N,classes]."""
    faces = resized(pixels, classifier.side)
    return classifier.classify(bar(faces, classifier.model.name, "face", total=len(pixels)))


def resized(pixels: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """Scale square faces, uint8 [N,H,W], as the device scales a crop; returns uint8 [N,side,side]."""
    count, height, width = pixels.shape
    if (height, width) == (side, side):
        return pixels
    faces = [crop_face(face, Box(0, 0, width, height), 0.0, side) for face in pixels]
    return np.array(faces, np.uint8).reshape(count, side, side)


def quantized_classifier(model: ModelFile, name: str | None = None, runtime: str | None = None) -> Classifier:
    """A model file, run by the device's own classifier; `name` replaces that on its card.

    Raises:
        ModelError: The model cannot be loaded.
        AcceleratorError: The model is compiled and there is no Edge TPU.
        UsageError: The runtime is not installed.
    """
    classifier = EmotionClassifier(model, open_engine(model, runtime=runtime))
    return Classifier(
        name or model.name,
        model.labels,
        model.card.get("training", {}),
        {"file": model.path.name, "sha256": model.sha256, "runs_on": classifier.runs_on},
        model.crop_margin,
        model,
        classifier.side,
        lambda pixels: probabilities(classifier, pixels),
        model.temperature,
    )


def float_classifier(path: Path, name: str) -> Classifier:
    """A model.keras of `fer-train fit`. Raises UsageError for any other file."""
    labels, training = read_trained(path)
    temperature = float(training.get(TEMPERATURE, 1.0))
    import_runtimes()  # tflite-runtime fails when TensorFlow was imported before it
    import keras

    model = keras.saving.load_model(path, compile=False)

    def classify(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        faces = resized(pixels, SIDE)[..., None].astype(np.float32)
        predicted = np.asarray(model.predict(faces, batch_size=BATCH, verbose=0), np.float32)
        return apply_temperature(predicted, temperature)

    facts = {"file": path.name, "runs_on": f"keras {keras.__version__}"}
    return Classifier(name, labels, training, facts, 0.0, model, SIDE, classify, temperature)


def open_classifier(path: Path) -> Classifier:
    """The model of a run of `fer-train fit`, by its folder or its model.keras; or a .tflite model file.

    Raises:
        UsageError: There is no such model.
        ModelError: The model file cannot be used.
    """
    if path.is_dir():
        return float_classifier(find_trained(path), path.name or str(path))
    if path.suffix == KERAS_SUFFIX:
        return float_classifier(path, path.parent.name if path.name == KERAS_MODEL else path.stem)
    return quantized_classifier(read_model(path))
