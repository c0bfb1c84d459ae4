"""The cost of a network: parameters, multiply-accumulate operations, memory on the Edge TPU."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import keras
from keras import layers

from fer_data.edgetpu_memory import EDGE_TPU_MEMORY, Kernel, depthwise_bytes, edge_tpu_bytes


@dataclass(frozen=True)
class LayerCost:
    """The cost of one layer for one face.

    Attributes:
        name: Its name.
        kind: Its Keras class.
        output: The shape of its output; None is the batch.
        parameters: As Keras counts them.
        macs: Multiply-accumulate operations.
        edge_tpu_bytes: See edgetpu_memory.edge_tpu_bytes().
    """

    name: str
    kind: str
    output: tuple[int | None, ...]
    parameters: int
    macs: int
    edge_tpu_bytes: int


@dataclass(frozen=True)
class NetworkCost:
    """The costs of the layers of a network, including those of nested networks, and their sums."""

    layers: tuple[LayerCost, ...]
    parameters: int

    @property
    def macs(self) -> int:
        """Multiply-accumulate operations for one face."""
        return sum(layer.macs for layer in self.layers)

    @property
    def edge_tpu_bytes(self) -> int:
        """Estimated memory of the parameters on the Edge TPU."""
        return sum(layer.edge_tpu_bytes for layer in self.layers)

    @property
    def fits(self) -> bool:
        """Whether the parameters probably fit the memory of the Edge TPU."""
        return self.edge_tpu_bytes <= EDGE_TPU_MEMORY


def network_cost(model: keras.Model) -> NetworkCost:
    """The cost of a functional or sequential model; a layer that is called several times is counted once."""
    return NetworkCost(tuple(_cost(layer) for layer in _walk(model)), model.count_params())


def _walk(model: keras.Model) -> Iterator[keras.Layer]:
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from _walk(layer)
        else:
            yield layer


def _cost(layer: keras.Layer) -> LayerCost:
    """Biases and batch normalisation count as parameters only: the converter folds them into the convolution."""
    output = tuple(layer.output.shape)
    kernels = _kernels(layer)
    positions = math.prod(size or 1 for size in output[1:-1])
    return LayerCost(
        layer.name,
        type(layer).__name__,
        output,
        layer.count_params(),
        positions * sum(math.prod(kernel) for kernel, _ in kernels),
        sum(depthwise_bytes(kernel) if depthwise else edge_tpu_bytes(kernel) for kernel, depthwise in kernels),
    )


def _kernels(layer: keras.Layer) -> list[tuple[Kernel, bool]]:
    """The kernels [height,width,in,out] of a layer, each with whether it is depthwise; none for other layers."""
    match layer:
        case layers.Dense():
            return [((1, 1, *layer.kernel.shape), False)]
        case layers.SeparableConv2D():
            return [(tuple(layer.depthwise_kernel.shape), True), (tuple(layer.pointwise_kernel.shape), False)]
        case layers.DepthwiseConv2D():
            return [(tuple(layer.kernel.shape), True)]
        case layers.Conv2D():
            return [(tuple(layer.kernel.shape), False)]
        case _:
            return []
