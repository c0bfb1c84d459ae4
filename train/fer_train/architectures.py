"""The networks that can be trained, by name.

The project's own family (nano, small, base, large) is made of what the Edge TPU takes: convolution, batch
normalisation, ReLU, add, mean, dense, softmax. The others are there to compare with.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import keras
from keras import layers

from fer_data.dataset import SIDE
from fer_train.backbones import BACKBONES, backbone


@dataclass(frozen=True)
class Architecture:
    """`features` takes grey faces, a KerasTensor [batch,48,48,1] of 0..255, to [batch,features]."""

    what: str
    features: Callable[[keras.KerasTensor], keras.KerasTensor]


def build(name: str, classes: int, dropout: float) -> keras.Model:
    """The network `name` of ARCHITECTURES with fresh weights.

    Input float32 [batch,48,48,1], grey values 0..255: any normalisation is inside. Output float32 [batch,classes],
    softmax.
    """
    inputs = keras.Input((SIDE, SIDE, 1), name="face")
    x = layers.Dropout(dropout)(ARCHITECTURES[name].features(inputs))
    outputs = layers.Dense(classes, activation="softmax", dtype="float32", name="emotion")(x)
    return keras.Model(inputs, outputs, name=name.replace("-", "_"))


def _normalised(x: keras.KerasTensor) -> keras.KerasTensor:
    return layers.Rescaling(1 / 127.5, offset=-1)(x)


def _convolution(x: keras.KerasTensor, filters: int, size: int = 3, strides: int = 1) -> keras.KerasTensor:
    x = layers.Conv2D(filters, size, strides, padding="same", use_bias=False, kernel_initializer="he_normal")(x)
    return layers.BatchNormalization()(x)


def _residual_block(x: keras.KerasTensor, filters: int, strides: int) -> keras.KerasTensor:
    y = layers.ReLU()(_convolution(x, filters, strides=strides))
    y = _convolution(y, filters)
    if strides > 1 or x.shape[-1] != filters:
        x = _convolution(x, filters, size=1, strides=strides)
    return layers.ReLU()(layers.Add()([x, y]))


def _residual(
    x: keras.KerasTensor, stem: int, widths: tuple[int, ...], blocks: tuple[int, ...], strides: int = 2
) -> keras.KerasTensor:
    """A residual network (He et al., arXiv:1512.03385) that is sparing with what comes first.

    A thin convolution sees every pixel, the next one leaves each picture at 1/`strides`, and each stage after the first
    halves it again. Global average pooling ends it, since a wide dense layer after a flatten would be padded to 64
    outputs on the accelerator.
    """
    x = layers.ReLU()(_convolution(_normalised(x), stem))
    x = layers.ReLU()(_convolution(x, widths[0], strides=strides))
    for stage, (filters, count) in enumerate(zip(widths, blocks, strict=True)):
        for block in range(count):
            x = _residual_block(x, filters, strides=2 if stage > 0 and block == 0 else 1)
    return layers.GlobalAveragePooling2D()(x)


def _plain(x: keras.KerasTensor) -> keras.KerasTensor:
    """Three convolutions with pooling and a dense layer: the network of many a tutorial, as a baseline."""
    x = _normalised(x)
    for filters in (32, 64, 128):
        x = layers.Conv2D(filters, 3, padding="same", activation="relu")(x)
        x = layers.MaxPooling2D()(x)
    return layers.Dense(128, activation="relu")(layers.Flatten()(x))


def _mini_xception(x: keras.KerasTensor) -> keras.KerasTensor:
    """The separable network of Arriaga et al., arXiv:1710.07557, with a dense layer behind its average pooling."""
    x = _normalised(x)
    for _ in range(2):
        x = layers.ReLU()(_convolution(x, 8))
    for filters in (16, 32, 64, 128):
        shortcut = _convolution(x, filters, size=1, strides=2)
        for number in range(2):
            x = layers.ReLU()(x) if number else x
            x = layers.SeparableConv2D(filters, 3, padding="same", use_bias=False)(x)
            x = layers.BatchNormalization()(x)
        x = layers.Add()([layers.MaxPooling2D(3, strides=2, padding="same")(x), shortcut])
    return layers.GlobalAveragePooling2D()(x)


ARCHITECTURES = {
    "nano": Architecture(
        "own family, 0.08 M parameters", partial(_residual, stem=8, widths=(16, 32, 64), blocks=(1, 1, 1))
    ),
    "small": Architecture("own family, 0.6 M", partial(_residual, stem=16, widths=(32, 64, 120), blocks=(2, 2, 2))),
    "base": Architecture(
        "own family, 2.8 M", partial(_residual, stem=16, widths=(32, 64, 128, 256), blocks=(2, 2, 2, 2))
    ),
    "large": Architecture(
        "own family, 19 M, a teacher: for a GPU, and too large for the Edge TPU",
        partial(_residual, stem=64, widths=(96, 192, 384, 512), blocks=(2, 3, 3, 2), strides=1),
    ),
    "cnn": Architecture("three convolutions, the baseline of many tutorials", _plain),
    "mini-xception": Architecture("Arriaga et al., arXiv:1710.07557", _mini_xception),
    **{name: Architecture(f"{name} of keras.applications", partial(backbone, name=name)) for name in BACKBONES},
}
