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
from tensorflow.lite.python.convert import mlir_quantize
from tensorflow.lite.python.convert_phase import ConverterError

from fer_convert.calibration import narrow
from fer_data.dataset import FaceSet
from fer_edge.errors import UsageError

PER_CLASS = 40  # representative faces of each class


def quantize(model: keras.Model, representative: NDArray[np.uint8]) -> bytes:
    """The graph of `model` with int8 weights and activations, uint8 in and out, batch 1.

    `representative` are the faces, uint8 [N,H,W], over which the ranges of the activations are taken. Raises UsageError
    when TFLite lacks an operator for it, or when it gives what is no number.
    """
    faces = [face[None, :, :, None].astype(np.float32) for face in representative]
    try:
        with contextlib.redirect_stdout(io.StringIO()), _whole_grey_levels(model):
            # Keras lists every variable as it exports the model, hence the redirection.
            return bytes(
                mlir_quantize(
                    narrow(_calibrated(model, faces), faces),
                    input_data_type=tf.uint8,
                    output_data_type=tf.uint8,
                    # Per-channel dense weights are computed wrongly, and in silence, by runtimes as old as the Edge
                    # TPU's.
                    disable_per_channel_for_dense_layers=True,
                )
            )
    except ConverterError as error:
        raise UsageError(f"network {model.name} cannot be converted: {textwrap.shorten(str(error), 400)}") from error


def _calibrated(model: keras.Model, faces: list[NDArray[np.float32]]) -> bytes:
    """The graph of `model` in float, each activation with the range that it has over `faces`, float32 [1,H,W,1]."""
    inputs = keras.Input(model.input_shape[1:], batch_size=1)
    converter = tf.lite.TFLiteConverter.from_keras_model(keras.Model(inputs, model(inputs)))
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: ([face] for face in faces)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter._experimental_calibrate_only = True
    return bytes(converter.convert())


@contextlib.contextmanager
def _whole_grey_levels(model: keras.Model) -> Iterator[None]:
    """Meanwhile, a rescaling whose zero lies halfway between two grey levels has it at the upper one.

    In int8 each pixel would else have to be rounded at a tie, which one runtime takes up and another down.
    """
    halfway = [layer for layer in model.layers if isinstance(layer, keras.layers.Rescaling) and _has_tie(layer)]
    offsets = [layer.offset for layer in halfway]
    for layer in halfway:
        layer.offset -= layer.scale / 2
    try:
        yield
    finally:
        for layer, offset in zip(halfway, offsets, strict=True):
            layer.offset = offset


def _has_tie(layer: keras.layers.Rescaling) -> bool:
    if np.ndim(layer.scale) or np.ndim(layer.offset):
        return False
    return bool(np.isclose(-layer.offset / layer.scale % 1, 0.5))


def representative_faces(faces: FaceSet, seed: int = 0) -> NDArray[np.uint8]:
    """As many faces of each class, uint8 [N,48,48], drawn with a seed."""
    rng = np.random.default_rng(seed)
    members = (np.flatnonzero(faces.labels == label) for label in range(len(faces.classes)))
    chosen: NDArray[np.int64] = np.concatenate([rng.permutation(indices)[:PER_CLASS] for indices in members])
    return faces.only(chosen).pixels
