"""Networks of keras.applications: mobilenetv2, resnet50 and vgg16."""

from __future__ import annotations

from dataclasses import dataclass

import keras
import numpy as np
from keras import layers


@dataclass(frozen=True)
class Application:
    """A network of keras.applications.

    Attributes:
        function: Its name in keras.applications.
        scale: Factor of its authors' preprocessing, pixel * scale + offset.
        offsets: Offsets of that preprocessing, one for each of three channels.
    """

    function: str
    scale: float
    offsets: tuple[float, float, float]


_CAFFE = (-103.939, -116.779, -123.68)
APPLICATIONS = {
    "mobilenetv2": Application("MobileNetV2", 1 / 127.5, (-1.0, -1.0, -1.0)),
    "resnet50": Application("ResNet50", 1.0, _CAFFE),
    "vgg16": Application("VGG16", 1.0, _CAFFE),
}


def build_application(name: str, **arguments: object) -> keras.Model:
    """The network `name` of APPLICATIONS as keras.applications builds it, without its classifier."""
    return getattr(keras.applications, APPLICATIONS[name].function)(include_top=False, **arguments)


def features(faces: keras.KerasTensor, name: str) -> keras.KerasTensor:
    """The pooled features of the network `name` of APPLICATIONS for grey faces [batch,48,48,1] of 0..255.

    A frozen 1x1 convolution makes three channels of one and applies the authors' preprocessing: on the accelerator that
    is one more convolution, where repeating the channel would be a concatenation.
    """
    channels = layers.Conv2D(3, 1, trainable=False, name="channels")
    x = channels(faces)
    channels.set_weights([np.full((1, 1, 1, 3), APPLICATIONS[name].scale), np.array(APPLICATIONS[name].offsets)])
    return layers.GlobalAveragePooling2D()(build_application(name, input_tensor=x, weights=None).output)
