"""Where in a face the evidence for a class is: Grad-CAM (Selvaraju et al., ICCV 2017, arXiv:1610.02391)."""

from __future__ import annotations

from typing import Any

import cv2
import keras
import numpy as np
from numpy.typing import NDArray

MIN_SIDE = 3  # positions of a feature map; a smaller one does not locate anything


def activation_maps(
    model: keras.Model, pixels: NDArray[np.uint8], labels: NDArray[np.int64]
) -> NDArray[np.float32] | None:
    """How much each place of a face supports a class.

    Args:
        model: A float model whose last layer is a dense softmax.
        pixels: Faces, uint8 [N,48,48].
        labels: For each face the class, int64 [N].

    Returns:
        float32 [N,48,48], 0..1, where 1 is the place with the most evidence and 0 one with none or against it; None for
        a network without feature maps, or on a backend other than TensorFlow and JAX.
    """
    halves = _split(model)
    if not (halves and len(pixels)):
        return None
    body, head = halves
    features = keras.ops.convert_to_numpy(body(pixels[..., None].astype(np.float32), training=False))
    columns = keras.ops.convert_to_numpy(model.layers[-1].kernel)[:, labels].T
    gradients = _gradients(head, features, columns)
    if gradients is None:
        return None
    weights = gradients.mean(axis=(1, 2), keepdims=True)
    maps = np.maximum((weights * features).sum(axis=-1), 0)
    side = pixels.shape[2], pixels.shape[1]
    large = np.stack([cv2.resize(each, side, interpolation=cv2.INTER_CUBIC) for each in maps.astype(np.float32)])
    return np.asarray(np.clip(large / np.maximum(maps.max(axis=(1, 2), keepdims=True), 1e-12), 0, 1), np.float32)


def _split(model: keras.Model) -> tuple[keras.Model, keras.Model] | None:
    """The network up to its last feature map of at least MIN_SIDE, and from there to the input of its last layer."""
    for layer in reversed(model.layers[1:-1]):
        shape = getattr(layer.output, "shape", ())
        if len(shape) != 4 or min(shape[1:3]) < MIN_SIDE:
            continue
        try:
            return keras.Model(model.input, layer.output), keras.Model(layer.output, model.layers[-1].input)
        except ValueError:  # some of the network bypasses this layer
            continue
    return None


def _gradients(head: keras.Model, features: NDArray[np.float32], columns: NDArray[np.float32]) -> Any:
    """The gradients, by features [N,H,W,C], of the scores before the softmax; each class by its kernel column."""

    def score(values: Any) -> Any:
        return keras.ops.sum(head(values, training=False) * columns)

    match keras.backend.backend():
        case "tensorflow":
            import tensorflow as tf

            values = tf.convert_to_tensor(features)
            with tf.GradientTape() as tape:
                tape.watch(values)
                total = score(values)
            return tape.gradient(total, values).numpy()
        case "jax":
            import jax

            return np.asarray(jax.grad(score)(features))
    return None
