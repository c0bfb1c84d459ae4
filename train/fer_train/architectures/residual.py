"""The project's own family, residual networks (He et al., arXiv:1512.03385): nano, small, base and large.

They consist of what the Edge TPU supports: convolution, batch normalisation, ReLU, add, mean, dense, softmax.
"""

from __future__ import annotations

from dataclasses import dataclass

import keras
from keras import layers

from fer_train.architectures.blocks import convolution, rescale


@dataclass(frozen=True)
class Size:
    """The size of one network of the family.

    Attributes:
        stem: Filters of the first convolution.
        widths: Filters of each stage.
        blocks: Residual blocks of each stage.
        strides: Strides of the second convolution.
    """

    stem: int
    widths: tuple[int, ...]
    blocks: tuple[int, ...]
    strides: int = 2


SIZES = {
    "nano": Size(stem=8, widths=(16, 32, 64), blocks=(1, 1, 1)),
    "small": Size(stem=16, widths=(32, 64, 120), blocks=(2, 2, 2)),
    "base": Size(stem=16, widths=(32, 64, 128, 256), blocks=(2, 2, 2, 2)),
    "large": Size(stem=64, widths=(96, 192, 384, 512), blocks=(2, 3, 3, 2), strides=1),
}


def features(faces: keras.KerasTensor, name: str) -> keras.KerasTensor:
    """The network `name` of SIZES for grey faces [batch,48,48,1] of 0..255, without its classifier.

    A convolution with few filters works at full resolution, the next one reduces it by `strides`, and each stage after
    the first halves it again. Global average pooling ends it: a wide dense layer after a flatten would be padded to 64
    outputs on the accelerator.
    """
    size = SIZES[name]
    x = layers.ReLU()(convolution(rescale(faces), size.stem))
    x = layers.ReLU()(convolution(x, size.widths[0], strides=size.strides))
    for stage, (filters, count) in enumerate(zip(size.widths, size.blocks, strict=True)):
        for block in range(count):
            x = _block(x, filters, strides=2 if stage > 0 and block == 0 else 1)
    return layers.GlobalAveragePooling2D()(x)


def _block(x: keras.KerasTensor, filters: int, strides: int) -> keras.KerasTensor:
    y = layers.ReLU()(convolution(x, filters, strides=strides))
    y = convolution(y, filters)
    if strides > 1 or x.shape[-1] != filters:
        x = convolution(x, filters, size=1, strides=strides)
    return layers.ReLU()(layers.Add()([x, y]))
