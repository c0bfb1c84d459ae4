"""Networks of keras.applications, to be trained on faces."""

from __future__ import annotations

from dataclasses import dataclass

import keras
import numpy as np
from keras import layers


@dataclass(frozen=True)
class _Backbone:
    application: str  # its name in keras.applications
    scale: float  # what its authors' preprocessing does: pixel * scale + offset, for each of three channels
    offsets: tuple[float, float, float]


_CAFFE = (-103.939, -116.779, -123.68)
BACKBONES = {
    "mobilenetv2": _Backbone("MobileNetV2", 1 / 127.5, (-1.0, -1.0, -1.0)),
    "resnet50": _Backbone("ResNet50", 1.0, _CAFFE),
    "vgg16": _Backbone("VGG16", 1.0, _CAFFE),
}


def application(name: str, **arguments: object) -> keras.Model:
    """The network of keras.applications that is called `name` here, without its head."""
    return getattr(keras.applications, BACKBONES[name].application)(include_top=False, **arguments)


def backbone(faces: keras.KerasTensor, name: str) -> keras.KerasTensor:
    """The pooled features [batch,features] of a keras.applications network for grey faces [batch,48,48,1] of 0..255.

    A frozen 1x1 convolution makes its three channels of the one, and does its preprocessing on the way: on the
    accelerator that is one more convolution, where a repeated channel would be a concatenation.
    """
    spread = layers.Conv2D(3, 1, trainable=False, name="channels")
    x = spread(faces)
    spread.set_weights([np.full((1, 1, 1, 3), BACKBONES[name].scale), np.array(BACKBONES[name].offsets)])
    return layers.GlobalAveragePooling2D()(application(name, input_tensor=x, weights=None).output)
