"""The separable network of Arriaga et al., arXiv:1710.07557, with a dense layer after its average pooling."""

from __future__ import annotations

import keras
from keras import layers

from fer_train.architectures.blocks import convolution, rescale


def features(faces: keras.KerasTensor, name: str) -> keras.KerasTensor:
    """The network for grey faces [batch,48,48,1] of 0..255, without its classifier."""
    x = rescale(faces)
    for _ in range(2):
        x = layers.ReLU()(convolution(x, 8))
    for filters in (16, 32, 64, 128):
        shortcut = convolution(x, filters, size=1, strides=2)
        for number in range(2):
            x = layers.ReLU()(x) if number else x
            x = layers.SeparableConv2D(filters, 3, padding="same", use_bias=False)(x)
            x = layers.BatchNormalization()(x)
        x = layers.Add()([layers.MaxPooling2D(3, strides=2, padding="same")(x), shortcut])
    return layers.GlobalAveragePooling2D()(x)
