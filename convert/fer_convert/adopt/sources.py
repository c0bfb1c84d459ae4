"""The models that can be adopted, behind one interface: a Keras model, and a quantized TFLite model."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from fer_convert.adopt.form import form_problems
from fer_convert.adopt.graph_editor import GraphEditor
from fer_convert.adopt.keras_reader import read_keras
from fer_convert.adopt.pixel_scaling import declared_scaling
from fer_convert.quantize.conversion import quantize
from fer_convert.quantize.scaling import Scaling
from fer_data.classifiers import probabilities, resized
from fer_data.tflite_graph import Graph, read_graph
from fer_edge.errors import UsageError
from fer_edge.inference.backends.edgetpu import CUSTOM_OPERATOR
from fer_edge.inference.classifier import EmotionClassifier
from fer_edge.inference.loader import open_engine
from fer_edge.inference.model_file import ModelFile

INTEGERS = ("int8", "uint8")
BATCH = 256  # faces


class Source(Protocol):
    """A model of another origin.

    Attributes:
        path: Its file.
        declared: The scaling of its pixels if the file reveals it.
        is_float: Whether `classify` gives the scores of a network that is not quantized yet.
    """

    @property
    def path(self) -> Path: ...  # noqa: D102

    @property
    def declared(self) -> Scaling | None: ...  # noqa: D102

    @property
    def is_float(self) -> bool: ...  # noqa: D102

    def classify(self, scaling: Scaling, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """The probabilities [N,classes] of faces, uint8 [N,H,W], of any size."""

    def convert(self, scaling: Scaling) -> bytes:
        """A graph that keeps the device's contract. Raises UsageError where that cannot be done exactly."""


def _edited(path: Path, graph: bytes, scaling: Scaling, classes: int) -> bytes:
    """The graph with the ends that the contract requires. Raises UsageError, with the reason."""
    try:
        editor = GraphEditor(graph)
        editor.take_grey(scaling)
        editor.give_probabilities(classes)
    except ValueError as error:
        raise UsageError(f"{path}: {error}") from error
    return editor.pack()


@dataclass(frozen=True)
class TfliteSource:
    """A quantized TFLite model; `labels` has its classes in output order."""

    path: Path
    graph: bytes
    labels: tuple[str, ...]

    is_float = False

    @classmethod
    def of(cls, model: ModelFile, labels: tuple[str, ...]) -> TfliteSource:
        """The model in a file. Raises UsageError, with everything that keeps it from being adopted."""
        try:
            graph = read_graph(model.graph)
        except ValueError as error:
            raise UsageError(f"{model.path}: {error}") from error
        problems = [*_quantization_problems(model.graph, graph)]
        if len(graph.inputs) != 1 or len(graph.outputs) != 1:
            problems.append(f"it has {len(graph.inputs)} inputs and {len(graph.outputs)} outputs; expected one of each")
        else:
            problems += form_problems(graph.inputs[0].shape, graph.outputs[0].shape, labels)
        if problems:
            raise UsageError(f"{model.path}: {'; '.join(problems)}")
        editor = GraphEditor(model.graph)
        try:
            editor.drop_float_ends()
        except ValueError as error:
            raise UsageError(f"{model.path}: {error}") from error
        return cls(model.path, editor.pack(), labels)

    @property
    def declared(self) -> Scaling | None:
        """The scaling to which the range of its input belongs."""
        return declared_scaling(*GraphEditor(self.graph).input.range)

    def classify(self, scaling: Scaling, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """See Source."""
        model = ModelFile(self.path, self.convert(scaling), self.labels, {})
        return probabilities(EmotionClassifier(model, open_engine(model)), pixels)

    def convert(self, scaling: Scaling) -> bytes:
        """See Source."""
        return _edited(self.path, self.graph, scaling, len(self.labels))


def _quantization_problems(content: bytes, graph: Graph) -> list[str]:
    if CUSTOM_OPERATOR in content:
        return ["it is compiled for the Edge TPU: adopt the model that it was made from, then fer-convert compile"]
    inside = {tensor.dtype for operator in graph.operators for tensor in operator.outputs} - {"int32", "int64", "bool"}
    if not inside & set(INTEGERS):
        found = ", ".join(sorted(inside))
        reason = f"it computes in {found}, and only an int8 or uint8 .tflite can be adopted"
        return [f"{reason}: adopt the Keras model that it was made from"]
    return []


def open_keras(path: Path, side: int | None, labels: tuple[str, ...]) -> Any:
    """Read a Keras model. Raises UsageError, with everything that keeps it from being adopted."""
    model = read_keras(path, side)
    problems = form_problems(model.inputs[0].shape, model.outputs[0].shape, labels)
    if problems:
        raise UsageError(f"{path}: {'; '.join(problems)}")
    return model


@dataclass(frozen=True)
class KerasSource:
    """A Keras model; `representative` are the faces, uint8 [N,H,W], on which it is quantized."""

    path: Path
    model: Any
    labels: tuple[str, ...]
    representative: NDArray[np.uint8]

    declared = None  # not known of a Keras model
    is_float = True

    def classify(self, scaling: Scaling, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """See Source; this is the float network."""
        _, side, _, channels = self.model.inputs[0].shape
        faces = np.repeat(scaling.apply(resized(pixels, side))[..., None], channels, axis=-1)
        return as_probabilities(self.model.predict(faces, batch_size=BATCH, verbose=0).reshape(len(pixels), -1))

    def convert(self, scaling: Scaling) -> bytes:
        """See Source."""
        side = self.model.inputs[0].shape[1]
        graph = quantize(self.model, resized(self.representative, side), scaling)
        return _edited(self.path, graph, scaling, len(self.labels))


def as_probabilities(scores: NDArray[np.float32]) -> NDArray[np.float32]:
    """The probabilities of classes from what a float network gives: logits, or probabilities already.

    Args:
        scores: float32 [N,classes], or [N,1] for the second of two classes.
    """
    are_probabilities = bool((scores >= 0).all() and (scores <= 1).all())
    if scores.shape[1] == 1:
        second = scores if are_probabilities else 1 / (1 + np.exp(-scores))
        return np.concatenate([1 - second, second], axis=1)
    if are_probabilities:
        return scores
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True), np.float32)
