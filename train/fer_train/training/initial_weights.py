"""Initial weights from an earlier model, and training of the last layer before the rest."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path

import keras
import numpy as np
from numpy.typing import NDArray

from fer_data.dataset import SIDE
from fer_data.readers.fer2013 import EMOTIONS
from fer_data.readers.names import name_key
from fer_data.trained_model import read_trained
from fer_edge.errors import UsageError
from fer_train.architectures.keras_applications import build_application
from fer_train.training.batch_maker import Batch
from fer_train.training.ema import STATISTICS_BATCHES
from fer_train.training.quantized_weights import is_quantized, load_quantized, restore_normalisation

HEAD_BATCH = 32  # faces in one step of the last layer alone


def load_initial_weights(
    model: keras.Model, weights: str, faces: Iterable[NDArray[np.float32]], classes: Sequence[str]
) -> None:
    """Give `model` the weights of an earlier model; in the last layer, those of the classes that both have.

    Args:
        model: The network to be trained.
        weights: `imagenet`, a weights file of keras.applications (.h5), a model.keras, or a quantized model: a .tflite
            of `fer-convert quantize` or the name of a shipped model.
        faces: Batches float32 [N,48,48,1], from which the statistics of batch normalisation are restored that a
            quantized network has lost.
        classes: The class names of `model`.

    Raises:
        UsageError: The weights cannot be read or do not fit.
    """
    targets = _weighted(model)
    complete = is_quantized(weights) or weights.endswith(".keras")
    if not complete:
        targets = targets[1:-1]  # without the convolution before the backbone and the classifier after it
    try:
        sources, known = _read(weights, model.name, faces)
    except Exception as error:
        reason = str(error).strip().partition("\n")[0] or type(error).__name__
        raise UsageError(f"--weights {weights}: cannot be read: {reason}") from error
    fits = [_shapes(target) == _shapes(source) for target, source in zip(targets, sources, strict=False)]
    if len(targets) != len(sources) or not all(fits[: len(sources) - complete]):
        raise UsageError(f"--weights {weights}: of another network than --model {model.name}")
    if complete:
        _copy_classes(targets.pop(), classes, sources.pop(), known)
    for target, source in zip(targets, sources, strict=True):
        target.set_weights(source.get_weights())


def mix_weights(model: keras.Model, initial: keras.Model, share: float) -> None:
    """Mix a share, 0..1, of the weights that a network had before it was trained into those that it has now.

    Where training has not gone too far, what lies between is better than either, and keeps what the first one knew
    (Wortsman et al., arXiv:2109.01903). The statistics of batch normalisation have to be estimated again.
    """
    pairs = zip(initial.get_weights(), model.get_weights(), strict=True)
    model.set_weights([share * first + (1 - share) * trained for first, trained in pairs])


def _read(
    weights: str, architecture: str, faces: Iterable[NDArray[np.float32]]
) -> tuple[list[keras.Layer], Sequence[str]]:
    """The layers of an earlier model that have weights, and its classes, if they are known."""
    if is_quantized(weights):
        network, file = load_quantized(weights)
        restore_normalisation(network, islice(faces, STATISTICS_BATCHES))
        return _weighted(network), file.labels
    if weights.endswith(".keras"):
        return _weighted(keras.saving.load_model(weights, compile=False)), _labels(Path(weights))
    return _weighted(build_application(architecture, input_shape=(SIDE, SIDE, 3), weights=weights)), ()


def _labels(path: Path) -> Sequence[str]:
    """The classes of a model.keras; none if it was not made by `fer-train fit`."""
    try:
        return read_trained(path)[0]
    except UsageError:
        return ()


def _copy_classes(
    target: keras.layers.Dense, classes: Sequence[str], source: keras.layers.Dense, known: Sequence[str]
) -> None:
    """Copy from a last layer the columns of the classes that both models have, whatever their order."""
    places = {_class_key(name): place for place, name in enumerate(known)}
    pairs = [(place, places[_class_key(name)]) for place, name in enumerate(classes) if _class_key(name) in places]
    if pairs:
        own, others = (list(side) for side in zip(*pairs, strict=True))
        weights, columns = target.get_weights(), source.get_weights()
        for weight, column in zip(weights, columns, strict=True):
            weight[..., own] = column[..., others]
        target.set_weights(weights)


def _class_key(name: str) -> str | int:
    """The same for the spellings of a class, and for the names of an emotion: `Happy`, `happiness`."""
    key = name_key(name)
    return EMOTIONS.get(key, key)


def _weighted(model: keras.Model) -> list[keras.Layer]:
    return [layer for layer in model.layers if layer.weights]


def _shapes(layer: keras.Layer) -> list[tuple[int, ...]]:
    return [tuple(weight.shape) for weight in layer.weights]


def fit_head(model: keras.Model, batches: Iterable[Batch], epochs: int, seed: int) -> None:
    """Train the last layer of `model` alone, for `epochs`, on the features of `batches`; the rest is frozen.

    So the first steps of a fresh classifier do not spoil the weights below it. It starts from the weights that it has.
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
    classifier.set_weights(head.get_weights())
    classifier.fit(features, targets, batch_size=HEAD_BATCH, epochs=epochs, verbose=0)
    head.set_weights(classifier.layers[-1].get_weights())
