"""The registry of network architectures.

To add one: write a module in this package with a function

    def features(faces: keras.KerasTensor, name: str) -> keras.KerasTensor

that maps grey faces [batch,48,48,1] of 0..255 to features [batch,F], and add a line to ARCHITECTURES: its name for
`--model` and the module. The network normalises the pixels itself; build() adds the classifier.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from fer_data.dataset import SIDE

if TYPE_CHECKING:  # Keras takes seconds to import, and --help needs only the names
    import keras

ARCHITECTURES = {
    "nano": "fer_train.architectures.residual",  # 0.08 M parameters
    "small": "fer_train.architectures.residual",  # 0.6 M
    "base": "fer_train.architectures.residual",  # 2.8 M
    "large": "fer_train.architectures.residual",  # 19 M: a teacher, for a GPU; too large for the Edge TPU
    "cnn": "fer_train.architectures.plain_cnn",
    "mini-xception": "fer_train.architectures.mini_xception",
    "mobilenetv2": "fer_train.architectures.keras_applications",
    "resnet50": "fer_train.architectures.keras_applications",
    "vgg16": "fer_train.architectures.keras_applications",
}


def build(name: str, classes: int, dropout: float, degrade: float = 0.0) -> keras.Model:
    """Build a network with fresh weights.

    Args:
        name: One of ARCHITECTURES; KeyError for another.
        classes: Number of outputs.
        dropout: Rate before the last layer, 0..1.
        degrade: Share of the faces that are blurred and noisy in training, 0..1, see Degradation.

    Returns:
        A model with input float32 [batch,48,48,1], grey values 0..255, and output float32 [batch,classes], softmax.
    """
    import keras

    from fer_train.architectures.degradation import Degradation

    family = import_module(ARCHITECTURES[name])
    inputs = keras.Input((SIDE, SIDE, 1), name="face")
    faces = Degradation(degrade)(inputs) if degrade else inputs
    x = keras.layers.Dropout(dropout)(family.features(faces, name))
    outputs = keras.layers.Dense(classes, activation="softmax", dtype="float32", name="emotion")(x)
    return keras.Model(inputs, outputs, name=_layer_name(name))


def rebuild(network: keras.Model, dropout: float, precision: str, degrade: float = 0.0) -> keras.Model:
    """Build a network anew with the weights that it has, to compute in another precision, e.g. mixed_bfloat16."""
    import keras

    name = next(name for name in ARCHITECTURES if _layer_name(name) == network.name)
    keras.config.set_dtype_policy(precision)
    try:
        copy = build(name, network.output_shape[-1], dropout, degrade)
    finally:
        keras.config.set_dtype_policy("float32")
    copy.set_weights(network.get_weights())
    return copy


def _layer_name(name: str) -> str:
    return name.replace("-", "_")
