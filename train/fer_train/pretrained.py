"""Networks of keras.applications as a start, and weights to start any network from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import keras
import numpy as np
from keras import layers

from fer_edge.dataset import SIDE
from fer_edge.errors import UsageError

from .batches import Batch

NO_WEIGHTS = "none"


@dataclass(frozen=True)
class _Backbone:
    application: str  # its name in keras.applications
    scale: float  # what its authors' preprocessing does: pixel * scale + offset, for each of three channels
    offsets: tuple[float, float, float]


_CAFFE = (-103.939, -116.779, -123.68)
BACKBONES = {
    "mobilenetv2": _Backbone("MobileNetV2", 1 / 127.5, (-1.0, -1.0, -1.0)),
    "resnet50": _Backbone("ResNet50", 1.0, _CAFFE),
    "vgg16": _Backbone("VGG16", 1.0, _CAFFE),
}


def _application(name: str, **arguments: object) -> keras.Model:
    return getattr(keras.applications, BACKBONES[name].application)(include_top=False, **arguments)


def backbone(faces: keras.KerasTensor, name: str) -> keras.KerasTensor:
    """The pooled features [batch,features] of a keras.applications network for grey faces [batch,48,48,1] of 0..255.

    A frozen 1x1 convolution makes its three channels of the one, and does its preprocessing on the way: on the
    accelerator that is one more convolution, where a repeated channel would be a concatenation.
    """
    spread = layers.Conv2D(3, 1, trainable=False, name="channels")
    x = spread(faces)
    spread.set_weights([np.full((1, 1, 1, 3), BACKBONES[name].scale), np.array(BACKBONES[name].offsets)])
    return layers.GlobalAveragePooling2D()(_application(name, input_tensor=x, weights=None).output)


def start_from(model: keras.Model, weights: str) -> None:
    """Give `model` the weights of an earlier one: `imagenet`, a file of keras.applications (.h5), or a model.keras.

    A model.keras of other classes gives all but its last layer. Raises UsageError when they cannot be had or do not
    fit.
    """
    ours = _weighted(model)
    try:
        if weights.endswith(".keras"):
            theirs = _weighted(keras.saving.load_model(weights, compile=False))
        else:
            ours = ours[1:-1]  # without the convolution before the backbone and the head behind it
            theirs = _weighted(_application(model.name, input_shape=(SIDE, SIDE, 3), weights=weights))
    except Exception as error:
        reason = str(error).strip().partition("\n")[0] or type(error).__name__
        raise UsageError(f"--weights {weights}: cannot be had: {reason}") from error
    fits = [_shapes(one) == _shapes(other) for one, other in zip(ours, theirs, strict=False)]
    if len(ours) != len(theirs) or not all(fits[: len(theirs) - weights.endswith(".keras")]):
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
