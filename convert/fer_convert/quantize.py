"""A Keras model to a full-integer TFLite graph (Jacob et al., arXiv:1712.05877)."""

from __future__ import annotations

import contextlib
import io
import textwrap
from collections.abc import Iterator

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from tensorflow.lite.python.convert_phase import ConverterError

from fer_edge.dataset import FaceSet
from fer_edge.errors import UsageError

PER_CLASS = 40  # representative faces of each class


def quantize(model: keras.Model, representative: NDArray[np.uint8]) -> bytes:
    """The graph of `model` with int8 weights and activations, uint8 in and out, batch 1.

    `representative` are the faces, uint8 [N,H,W], over which the ranges of the activations are taken. Raises UsageError
    when TFLite lacks an operator for it.
    """
    inputs = keras.Input(model.input_shape[1:], batch_size=1)

    def faces() -> Iterator[list[NDArray[np.float32]]]:
        for face in representative:
            yield [face[None, :, :, None].astype(np.float32)]

    converter = tf.lite.TFLiteConverter.from_keras_model(keras.Model(inputs, model(inputs)))
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = faces
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = converter.inference_output_type = tf.uint8
    # Per-channel dense weights are computed wrongly, and in silence, by runtimes as old as the Edge TPU's.
    converter._experimental_disable_per_channel_quantization_for_dense_layers = True
    try:
        with contextlib.redirect_stdout(io.StringIO()):  # Keras lists every variable as it exports the model
            return bytes(converter.convert())
    except ConverterError as error:
        raise UsageError(f"network {model.name} cannot be converted: {textwrap.shorten(str(error), 400)}") from error


def representative_faces(faces: FaceSet, seed: int = 0) -> NDArray[np.uint8]:
    """As many faces of each class, uint8 [N,48,48], drawn with a seed."""
    rng = np.random.default_rng(seed)
    members = (np.flatnonzero(faces.labels == label) for label in range(len(faces.classes)))
    chosen: NDArray[np.int64] = np.concatenate([rng.permutation(indices)[:PER_CLASS] for indices in members])
    return faces.only(chosen).pixels
