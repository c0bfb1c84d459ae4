"""Layers that several architectures share."""

from __future__ import annotations

import keras
from keras import layers


def rescale(faces: keras.KerasTensor) -> keras.KerasTensor:
    """Scale grey values 0..255 to -1..1."""
    return layers.Rescaling(1 / 127.5, offset=-1)(faces)


def convolution(x: keras.KerasTensor, filters: int, size: int = 3, strides: int = 1) -> keras.KerasTensor:
    """A convolution without bias, followed by batch normalisation."""
    x = layers.Conv2D(filters, size, strides, padding="same", use_bias=False, kernel_initializer="he_normal")(x)
    return layers.BatchNormalization()(x)
