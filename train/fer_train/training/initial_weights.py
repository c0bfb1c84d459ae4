"""Initial weights from an earlier model, and training of the last layer before the rest."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

import keras
import numpy as np
from numpy.typing import NDArray

from fer_data.dataset import SIDE
from fer_edge.errors import UsageError
from fer_train.architectures.keras_applications import build_application
from fer_train.training.batches import Batch
from fer_train.training.ema import STATISTICS_BATCHES
from fer_train.training.quantized_weights import is_quantized, load_quantized, restore_normalisation

NO_WEIGHTS = "none"


def load_initial_weights(model: keras.Model, weights: str, faces: Iterable[NDArray[np.float32]]) -> None:
    """Give `model` the weights of an earlier model; one of other classes gives all except its last layer.

    Args:
        model: The network to be trained.
        weights: `imagenet`, a weights file of keras.applications (.h5), a model.keras, or a quantized model: a .tflite
            of `fer-convert quantize` or the name of a shipped model.
        faces: Batches float32 [N,48,48,1], from which the statistics of batch normalisation are restored that a
            quantized network has lost.

    Raises:
        UsageError: The weights cannot be read or do not fit.
    """
    targets = _weighted(model)
    complete = is_quantized(weights) or weights.endswith(".keras")
    try:
        if is_quantized(weights):
            network, _ = load_quantized(weights)
            restore_normalisation(network, islice(faces, STATISTICS_BATCHES))
            sources = _weighted(network)
        elif complete:
            sources = _weighted(keras.saving.load_model(weights, compile=False))
        else:
            targets = targets[1:-1]  # without the convolution before the backbone and the classifier after it
            sources = _weighted(build_application(model.name, input_shape=(SIDE, SIDE, 3), weights=weights))
    except Exception as error:
        reason = str(error).strip().partition("\n")[0] or type(error).__name__
        raise UsageError(f"--weights {weights}: cannot be read: {reason}") from error
    fits = [_shapes(target) == _shapes(source) for target, source in zip(targets, sources, strict=False)]
    if len(targets) != len(sources) or not all(fits[: len(sources) - complete]):
        raise UsageError(f"--weights {weights}: of another network than --model {model.name}")
    for target, source, fit in zip(targets, sources, fits, strict=True):
        if fit:
            target.set_weights(source.get_weights())


def _weighted(model: keras.Model) -> list[keras.Layer]:
    return [layer for layer in model.layers if layer.weights]


def _shapes(layer: keras.Layer) -> list[tuple[int, ...]]:
    return [tuple(weight.shape) for weight in layer.weights]


def fit_head(model: keras.Model, batches: Iterable[Batch], epochs: int, seed: int) -> None:
    """Train the last layer of `model` alone, for `epochs`, on the features of `batches`; the rest is frozen.

    So the first steps of a fresh classifier do not spoil the weights below it.
    """
    head = model.layers[-1]
    body = keras.Model(model.input, head.input)
    outputs = [(keras.ops.convert_to_numpy(body(faces, training=False)), targets) for faces, targets in batches]
    features, targets = (np.concatenate(part) for part in zip(*outputs, strict=True))
    targets = targets[:, : head.units]  # without those of a second task
    inputs = keras.Input(features.shape[1:])
    classifier = keras.Model(inputs, keras.layers.Dense(head.units, activation="softmax", dtype="float32")(inputs))
    classifier.compile(keras.optimizers.Adam(1e-3), keras.losses.CategoricalCrossentropy())
    keras.utils.set_random_seed(seed)
    classifier.fit(features, targets, batch_size=128, epochs=epochs, verbose=0)
    head.set_weights(classifier.layers[-1].get_weights())
