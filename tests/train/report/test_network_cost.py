"""Operations and memory of a network."""

from __future__ import annotations

import keras
import pytest
from keras import layers

from fer_train.report.network_cost import network_cost


def test_operations_and_memory_are_those_counted_by_hand() -> None:
    inputs = keras.Input((48, 48, 1))
    x = layers.Conv2D(24, 3, strides=2, padding="same", use_bias=False, name="conv")(inputs)
    x = layers.BatchNormalization(name="norm")(x)
    x = layers.DepthwiseConv2D(3, padding="same", name="depthwise")(x)
    x = layers.SeparableConv2D(80, 5, strides=2, padding="same", name="separable")(x)
    x = layers.Dense(7, name="dense")(layers.GlobalAveragePooling2D()(x))
    model = keras.Model(inputs, x)
    summary = network_cost(model)
    cost = {layer.name: layer for layer in summary.layers}
    assert (cost["conv"].output, cost["conv"].kind, cost["conv"].parameters) == ((None, 24, 24, 24), "Conv2D", 216)
    assert cost["conv"].macs == 24 * 24 * 9 * 24
    assert cost["conv"].edge_tpu_bytes == 64 * 9 * 16 + 12 * 64
    assert (cost["norm"].parameters, cost["norm"].macs, cost["norm"].edge_tpu_bytes) == (96, 0, 0)
    assert cost["depthwise"].macs == 24 * 24 * 9 * 24
    assert cost["depthwise"].edge_tpu_bytes == 64 * 9 + 12 * 64
    assert cost["separable"].macs == 12 * 12 * (25 * 24 + 24 * 80)
    assert cost["separable"].edge_tpu_bytes == (64 * 25 + 12 * 64) + (128 * 32 + 12 * 128)
    assert (cost["dense"].macs, cost["dense"].edge_tpu_bytes) == (560, 64 * 80 + 12 * 64)
    assert summary.macs == sum(layer.macs for layer in cost.values())
    assert summary.parameters == model.count_params() == sum(layer.parameters for layer in cost.values())


def test_a_network_used_as_a_layer_costs_what_its_layers_cost() -> None:
    backbone = keras.applications.MobileNetV2((96, 96, 3), alpha=0.35, weights=None, include_top=False, pooling="avg")
    inputs = keras.Input((96, 96, 3))
    model = keras.Model(inputs, layers.Dense(7)(keras.Sequential([backbone])(inputs)))
    inner, outer = network_cost(backbone), network_cost(model)
    assert outer.macs == inner.macs + 1280 * 7
    assert outer.edge_tpu_bytes == inner.edge_tpu_bytes + 64 * 1280 + 12 * 64
    assert outer.parameters == model.count_params()
    assert inner.macs == pytest.approx(11e6, rel=0.05), "Sandler et al., arXiv:1801.04381, count 11 M"
