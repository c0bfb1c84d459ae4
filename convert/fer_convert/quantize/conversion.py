"""From a Keras model to a full-integer TFLite graph (Jacob et al., arXiv:1712.05877)."""

from __future__ import annotations

import contextlib
import io
import textwrap
import warnings
from collections.abc import Iterator

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from tensorflow.lite.python.convert import mlir_quantize
from tensorflow.lite.python.convert_phase import ConverterError

from fer_convert.quantize.calibration import narrow_ranges
from fer_convert.quantize.scaling import GREY_LEVELS, Scaling
from fer_data.dataset import FaceSet
from fer_edge.errors import UsageError

FACES_PER_CLASS = 40  # in the representative dataset


def quantize(model: keras.Model, representative: NDArray[np.uint8], scaling: Scaling = GREY_LEVELS) -> bytes:
    """Quantize weights and activations of `model` to int8, with uint8 input and output and batch size 1.

    Args:
        model: A network with one input; each of its channels gets the grey face.
        representative: Faces, uint8 [N,H,W], over which the ranges of the activations are measured.
        scaling: How the network expects its pixels. It becomes the quantization of the input: the graph itself always
            takes grey levels.

    Returns:
        The TFLite flatbuffer.

    Raises:
        UsageError: TFLite has no operator for a layer, or an activation is not finite.
    """
    channels = model.input_shape[-1]
    faces = [np.repeat(scaling.apply(face)[None, :, :, None], channels, axis=-1) for face in representative]
    try:
        # Keras prints every variable while it exports the model, hence the redirection.
        with contextlib.redirect_stdout(io.StringIO()), _offsets_on_grey_levels(model, scaling):
            return bytes(
                mlir_quantize(
                    narrow_ranges(_calibrated_graph(model, faces), faces, scaling),
                    input_data_type=tf.uint8,
                    output_data_type=tf.uint8,
                    # Runtimes as old as the Edge TPU compiler's compute per-channel dense weights wrongly, silently.
                    disable_per_channel_for_dense_layers=True,
                )
            )
    except ConverterError as error:
        raise UsageError(f"network {model.name} cannot be converted: {textwrap.shorten(str(error), 400)}") from error


def _calibrated_graph(model: keras.Model, faces: list[NDArray[np.float32]]) -> bytes:
    """The float graph of `model`, with the range of each activation over `faces`, float32 [1,H,W,channels]."""
    inputs = keras.Input(model.input_shape[1:], batch_size=1)
    converter = tf.lite.TFLiteConverter.from_keras_model(keras.Model(inputs, model(inputs)))
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: ([face] for face in faces)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter._experimental_calibrate_only = True
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Statistics for quantized inputs were expected")  # it needs none
        return bytes(converter.convert())


@contextlib.contextmanager
def _offsets_on_grey_levels(model: keras.Model, scaling: Scaling) -> Iterator[None]:
    """For the conversion, move the zero of a rescaling that lies halfway between two grey levels to the upper one.

    Otherwise each pixel would be rounded at a tie in int8, and the runtimes round ties differently.
    """
    layers = [layer for layer in model.layers if isinstance(layer, keras.layers.Rescaling) and _has_tie(layer)]
    layers = layers if scaling == GREY_LEVELS else []
    offsets = [layer.offset for layer in layers]
    for layer in layers:
        layer.offset -= layer.scale / 2
    try:
        yield
    finally:
        for layer, offset in zip(layers, offsets, strict=True):
            layer.offset = offset


def _has_tie(layer: keras.layers.Rescaling) -> bool:
    if np.ndim(layer.scale) or np.ndim(layer.offset):
        return False
    return bool(np.isclose(-layer.offset / layer.scale % 1, 0.5))


def representative_faces(faces: FaceSet, seed: int = 0) -> NDArray[np.uint8]:
    """Draw up to FACES_PER_CLASS faces of each class, uint8 [N,48,48]."""
    rng = np.random.default_rng(seed)
    members = (np.flatnonzero(faces.labels == label) for label in range(len(faces.classes)))
    chosen: NDArray[np.int64] = np.concatenate([rng.permutation(indices)[:FACES_PER_CLASS] for indices in members])
    return faces.only(chosen).pixels
