"""Networks of operations that the Edge TPU takes: convolution, batch normalisation, ReLU, add, mean, dense, softmax."""

from __future__ import annotations

import keras
from keras import layers

from fer_edge.dataset import SIDE


def _convolution(x: keras.KerasTensor, filters: int, size: int = 3, strides: int = 1) -> keras.KerasTensor:
    x = layers.Conv2D(filters, size, strides, padding="same", use_bias=False, kernel_initializer="he_normal")(x)
    return layers.BatchNormalization()(x)


def _residual_block(x: keras.KerasTensor, filters: int, strides: int) -> keras.KerasTensor:
    y = layers.ReLU()(_convolution(x, filters, strides=strides))
    y = _convolution(y, filters)
    if strides > 1 or x.shape[-1] != filters:
        x = _convolution(x, filters, size=1, strides=strides)
    return layers.ReLU()(layers.Add()([x, y]))


def residual(classes: int, widths: tuple[int, ...], blocks: int, dropout: float) -> keras.Model:
    """A small residual network (He et al., arXiv:1512.03385) for grey faces.

    Input float32 [batch,48,48,1], grey values 0..255; output float32 [batch,classes], softmax. The stem and each stage
    after the first halve the picture; global average pooling ends it, since a wide dense layer after a flatten would be
    padded to 64 outputs on the accelerator.
    """
    inputs = keras.Input((SIDE, SIDE, 1), name="face")
    x = layers.Rescaling(1 / 127.5, offset=-1)(inputs)
    x = layers.ReLU()(_convolution(x, widths[0], strides=2))
    for stage, filters in enumerate(widths):
        for block in range(blocks):
            x = _residual_block(x, filters, strides=2 if stage > 0 and block == 0 else 1)
    x = layers.Dropout(dropout)(layers.GlobalAveragePooling2D()(x))
    return keras.Model(inputs, layers.Dense(classes, activation="softmax", name="emotion")(x), name="residual")
