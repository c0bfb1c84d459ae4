"""A quantized model file as a Keras network again, to learn from or to start from."""

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
from fer_train.architectures import build


def is_quantized(name: str) -> bool:
    """Whether `name` is that of a quantized model: a .tflite, or one that ships with fer-edge."""
    return name.endswith(".tflite") or name in SHIPPED


def reopened(name: str) -> tuple[keras.Model, ModelFile]:
    """The network of a file of `fer-convert quantize`, in float32, and what the file says of it.

    It answers as the file does, but for the rounding of the activations. Every batch normalisation is one that changes
    nothing but adds a bias: the converter has folded it into the convolution before it. Raises UsageError for a network
    that is no chain of such convolutions, as those of the project's own family are, and ModelError for a damaged file.
    """
    file = read_model(parse_model(name))
    kind = str(file.card.get("training", {}).get("recipe", {}).get("model", file.name))
    try:
        network = build(kind, len(file.labels), 0.0)
        operators = [one for one in read_graph(file.graph).operators if one.name in ("CONV_2D", "FULLY_CONNECTED")]
        for convolution, normalisation in _pairs(network):
            _fill(convolution, normalisation, _next(operators, tuple(convolution.kernel.shape)))
        if operators:
            raise ValueError(f"{len(operators)} operators too many")
    except (KeyError, ValueError) as error:
        raise UsageError(f"{name}: its network, {kind}, cannot be made again from the file: {error}") from error
    return network, file


def called(name: str) -> str:
    """A network to start from or to learn of, as a card names it: a quantized one by its name and sha256."""
    if is_quantized(name):
        file = read_model(parse_model(name))
        return f"{file.name} {file.sha256[:12]}"
    return Path(name).parent.name if name.endswith(".keras") else Path(name).name


def trainable(network: keras.Model, batches: Iterable[Any]) -> None:
    """Give every batch normalisation of a reopened network the mean and variance of what reaches it, in place.

    Its answers stay the same; but in training, when the statistics are those of the batch, it now stays what it is. A
    convolution before a normalisation may have any scale: it gets that of a fresh one (He et al., arXiv:1502.01852),
    so that the learning rate means what it means for a fresh one. `batches` are faces float32 [N,48,48,1].
    """
    pairs = [(one, other) for one, other in _pairs(network) if other is not None]
    moments = _moments(keras.Model(network.input, [convolution.output for convolution, _ in pairs]), batches)
    for (convolution, normalisation), (mean, variance) in zip(pairs, moments, strict=True):
        kernel = keras.ops.convert_to_numpy(convolution.kernel)
        scale = np.sqrt(2 / np.maximum((kernel**2).sum((0, 1, 2)), 1e-12))
        gamma, beta, still, _ = normalisation.get_weights()
        deviation = np.sqrt(scale**2 * variance + normalisation.epsilon)
        convolution.set_weights([kernel * scale])
        normalisation.set_weights([gamma * deviation / scale, beta + mean - still, scale * mean, scale**2 * variance])


def _moments(probe: keras.Model, batches: Iterable[Any]) -> list[tuple[Any, Any]]:
    """The mean and variance of each channel of each output of `probe`, float64 [channels], over all batches."""
    sums, count = [np.zeros((2, output.shape[-1])) for output in probe.outputs], 0
    for faces in batches:
        count += 1
        for total, made in zip(sums, probe(faces, training=False), strict=True):
            values = keras.ops.convert_to_numpy(made).astype(np.float64)
            np.add(total, (values.mean((0, 1, 2)), (values**2).mean((0, 1, 2))), out=total)
    means = [total / count for total in sums]
    return [(mean, np.maximum(square - mean**2, 0)) for mean, square in means]


def _pairs(network: keras.Model) -> list[tuple[Any, Any]]:
    """Each layer with a kernel, in the order of the network, and the batch normalisation behind it, or None."""
    normalisations = {
        id(layer.input): layer for layer in network.layers if isinstance(layer, keras.layers.BatchNormalization)
    }
    return [(layer, normalisations.get(id(layer.output))) for layer in network.layers if hasattr(layer, "kernel")]


def _next(operators: list[Operator], shape: tuple[int, ...]) -> Operator:
    """The first operator with such a kernel, taken from the list: side branches may come in another order."""
    for operator in operators:
        if _kernel(operator).shape == shape:
            operators.remove(operator)
            return operator
    raise ValueError(f"no kernel {list(shape)} in it")


def _kernel(operator: Operator) -> Any:
    """In the order of Keras: [height,width,in,out], or [in,out] of a dense layer."""
    return np.moveaxis(operator.taken(1).real(), 0, -1)


def _fill(layer: Any, normalisation: Any, operator: Operator) -> None:
    kernel, added = _kernel(operator), operator.inputs[2] if len(operator.inputs) > 2 else None
    bias = np.zeros(kernel.shape[-1], np.float32) if added is None else added.real()
    if normalisation is None:
        layer.set_weights([kernel, bias])
        return
    layer.set_weights([kernel])
    ones = np.ones_like(bias)
    normalisation.set_weights([ones, bias, 0 * ones, ones - normalisation.epsilon])
