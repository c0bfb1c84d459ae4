"""Weights to start a network from, and a head for it to begin with."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

import keras
import numpy as np
from numpy.typing import NDArray

from fer_data.dataset import SIDE
from fer_edge.errors import UsageError
from fer_train.averaging import STATISTICS_BATCHES
from fer_train.backbones import application
from fer_train.batches import Batch
from fer_train.reopened import is_quantized, reopened, trainable

NO_WEIGHTS = "none"


def start_from(model: keras.Model, weights: str, faces: Iterable[NDArray[np.float32]]) -> None:
    """Give `model` the weights of an earlier one.

    weights: `imagenet`, a file of keras.applications (.h5), a model.keras, or a quantized model file: one of
    `fer-convert quantize` (.tflite) or the name of a shipped one. One of other classes gives all but its last layer.
    faces: batches float32 [N,48,48,1], of which a quantized network learns what its batch normalisations lost. Raises
    UsageError when the weights cannot be had or do not fit.
    """
    ours = _weighted(model)
    whole = is_quantized(weights) or weights.endswith(".keras")
    try:
        if is_quantized(weights):
            network, _ = reopened(weights)
            trainable(network, islice(faces, STATISTICS_BATCHES))
            theirs = _weighted(network)
        elif whole:
            theirs = _weighted(keras.saving.load_model(weights, compile=False))
        else:
            ours = ours[1:-1]  # without the convolution before the backbone and the head behind it
            theirs = _weighted(application(model.name, input_shape=(SIDE, SIDE, 3), weights=weights))
    except Exception as error:
        reason = str(error).strip().partition("\n")[0] or type(error).__name__
        raise UsageError(f"--weights {weights}: cannot be had: {reason}") from error
    fits = [_shapes(one) == _shapes(other) for one, other in zip(ours, theirs, strict=False)]
    if len(ours) != len(theirs) or not all(fits[: len(theirs) - whole]):
        raise UsageError(f"--weights {weights}: of another network than --model {model.name}")
    for one, other, fit in zip(ours, theirs, fits, strict=True):
        if fit:
            one.set_weights(other.get_weights())


def _weighted(model: keras.Model) -> list[keras.Layer]:
    return [layer for layer in model.layers if layer.weights]


def _shapes(layer: keras.Layer) -> list[tuple[int, ...]]:
    return [tuple(weight.shape) for weight in layer.weights]


def fit_head(model: keras.Model, batches: Iterable[Batch], epochs: int, seed: int) -> None:
    """Train the last layer of `model` alone, on what the frozen rest makes of `batches`, shown `epochs` times.

    So that the first steps of a fresh head do not spoil the weights below it.
    """
    head = model.layers[-1]
    body = keras.Model(model.input, head.input)
    made = [(keras.ops.convert_to_numpy(body(faces, training=False)), targets) for faces, targets in batches]
    features, targets = (np.concatenate(part) for part in zip(*made, strict=True))
    targets = targets[:, : head.units]  # without those of a second task
    inputs = keras.Input(features.shape[1:])
    probe = keras.Model(inputs, keras.layers.Dense(head.units, activation="softmax", dtype="float32")(inputs))
    probe.compile(keras.optimizers.Adam(1e-3), keras.losses.CategoricalCrossentropy())
    keras.utils.set_random_seed(seed)
    probe.fit(features, targets, batch_size=128, epochs=epochs, verbose=0)
    head.set_weights(probe.layers[-1].get_weights())
