"""A quantized model file as a float Keras network again: as a teacher, or as initial weights."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import keras
import numpy as np

from fer_data.tflite_graph import Operator, read_graph
from fer_edge.config.model import SHIPPED, parse_model
from fer_edge.errors import UsageError
from fer_edge.inference.model_file import ModelFile, read_model
from fer_train.architectures.registry import build


def is_quantized(name: str) -> bool:
    """Whether `name` names a quantized model: a .tflite file, or a model shipped with fer-edge."""
    return name.endswith(".tflite") or name in SHIPPED


def load_quantized(name: str) -> tuple[keras.Model, ModelFile]:
    """Rebuild the network of a file of `fer-convert quantize` in float32.

    Its predictions are those of the file except for the rounding of the activations. The converter has folded each
    batch normalisation into the convolution before it: here each one adds the bias and changes nothing else.

    Args:
        name: A .tflite file, or a model shipped with fer-edge.

    Returns:
        The network, and the file with its labels and card.

    Raises:
        UsageError: The network is not a chain of such convolutions, as those of the project's own family are.
        ModelError: The file is missing or damaged.
    """
    file = read_model(parse_model(name))
    architecture = str(file.card.get("training", {}).get("recipe", {}).get("model", file.name))
    try:
        network = build(architecture, len(file.labels), 0.0)
        operators = [one for one in read_graph(file.graph).operators if one.name in ("CONV_2D", "FULLY_CONNECTED")]
        for convolution, normalisation in _pairs(network):
            _set_weights(convolution, normalisation, _take(operators, tuple(convolution.kernel.shape)))
        if operators:
            raise ValueError(f"{len(operators)} operators too many")
    except (KeyError, ValueError) as error:
        raise UsageError(f"{name}: its network, {architecture}, cannot be rebuilt from the file: {error}") from error
    return network, file


def describe_origin(name: str) -> str:
    """How a model card names initial weights or a teacher: a quantized model by its name and sha256."""
    if is_quantized(name):
        file = read_model(parse_model(name))
        return f"{file.name} {file.sha256[:12]}"
    return Path(name).absolute().parent.name if name.endswith(".keras") else Path(name).name


def restore_normalisation(network: keras.Model, batches: Iterable[Any]) -> None:
    """Give every batch normalisation of a rebuilt network the statistics of its inputs, in place.

    The predictions stay the same, also in training, where the statistics are those of the batch. A convolution before a
    normalisation may have any scale: it gets that of a fresh one (He et al., arXiv:1502.01852), so that the learning
    rate has the effect that it has on a fresh one. `batches` are faces, float32 [N,48,48,1].
    """
    pairs = [(one, other) for one, other in _pairs(network) if other is not None]
    moments = _moments(keras.Model(network.input, [convolution.output for convolution, _ in pairs]), batches)
    for (convolution, normalisation), (mean, variance) in zip(pairs, moments, strict=True):
        kernel = keras.ops.convert_to_numpy(convolution.kernel)
        scale = np.sqrt(2 / np.maximum((kernel**2).sum((0, 1, 2)), 1e-12))
        gamma, beta, moving_mean, _ = normalisation.get_weights()
        deviation = np.sqrt(scale**2 * variance + normalisation.epsilon)
        convolution.set_weights([kernel * scale])
        normalisation.set_weights(
            [gamma * deviation / scale, beta + mean - moving_mean, scale * mean, scale**2 * variance]
        )


def _moments(model: keras.Model, batches: Iterable[Any]) -> list[tuple[Any, Any]]:
    """Mean and variance of each channel of each output of `model`, float64 [channels], over all batches."""
    sums, count = [np.zeros((2, output.shape[-1])) for output in model.outputs], 0
    for faces in batches:
        count += 1
        for total, output in zip(sums, model(faces, training=False), strict=True):
            values = keras.ops.convert_to_numpy(output).astype(np.float64)
            np.add(total, (values.mean((0, 1, 2)), (values**2).mean((0, 1, 2))), out=total)
    means = [total / count for total in sums]
    return [(mean, np.maximum(square - mean**2, 0)) for mean, square in means]


def _pairs(network: keras.Model) -> list[tuple[Any, Any]]:
    """Each layer with a kernel, in the order of the network, and the batch normalisation after it, or None."""
    normalisations = {
        id(layer.input): layer for layer in network.layers if isinstance(layer, keras.layers.BatchNormalization)
    }
    return [(layer, normalisations.get(id(layer.output))) for layer in network.layers if hasattr(layer, "kernel")]


def _take(operators: list[Operator], shape: tuple[int, ...]) -> Operator:
    """Remove and return the first operator with a kernel of this shape: side branches may come in another order."""
    for operator in operators:
        if _kernel(operator).shape == shape:
            operators.remove(operator)
            return operator
    raise ValueError(f"no kernel {list(shape)} in it")


def _kernel(operator: Operator) -> Any:
    """The kernel in the order of Keras: [height,width,in,out]; [in,out] for a dense layer."""
    return np.moveaxis(operator.required_input(1).dequantized(), 0, -1)


def _set_weights(layer: Any, normalisation: Any, operator: Operator) -> None:
    kernel, tensor = _kernel(operator), operator.inputs[2] if len(operator.inputs) > 2 else None
    bias = np.zeros(kernel.shape[-1], np.float32) if tensor is None else tensor.dequantized()
    if normalisation is None:
        layer.set_weights([kernel, bias])
        return
    layer.set_weights([kernel])
    ones = np.ones_like(bias)
    normalisation.set_weights([ones, bias, 0 * ones, ones - normalisation.epsilon])
