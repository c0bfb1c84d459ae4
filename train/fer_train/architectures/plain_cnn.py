"""A plain convolutional network as in many tutorials, as a baseline: cnn."""

from __future__ import annotations

import keras
from keras import layers

from fer_train.architectures.blocks import rescale


def features(faces: keras.KerasTensor, name: str) -> keras.KerasTensor:
    """Three convolutions with max pooling and a dense layer, for grey faces [batch,48,48,1] of 0..255."""
    x = rescale(faces)
    for filters in (32, 64, 128):
        x = layers.Conv2D(filters, 3, padding="same", activation="relu")(x)
        x = layers.MaxPooling2D()(x)
    return layers.Dense(128, activation="relu")(layers.Flatten()(x))
