"""What Keras 2 saved. The other forms are read in test_command.py."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
from tests.support.foreign_models import save_as_keras_2

from fer_convert.adopt.keras_reader import read_keras

layers = keras.layers


def test_layers_of_keras_2_compute_the_same(tmp_path: Path) -> None:
    faces = keras.Input((48, 48, 1))
    x = layers.Conv2D(4, 3, strides=2, activation="relu")(faces)
    x = layers.BatchNormalization()(layers.DepthwiseConv2D(3)(x))
    x = layers.SeparableConv2D(8, 3, activation="relu")(x)
    x = layers.Add()([layers.Conv2D(8, 1)(x), x])
    network = keras.Model(faces, layers.Dense(7)(layers.Flatten()(layers.MaxPooling2D()(x))))
    read = read_keras(save_as_keras_2(network, tmp_path / "weights.hdf5"), None)
    pixels = np.random.default_rng(0).random((2, 48, 48, 1), np.float32)
    assert np.allclose(read.predict(pixels, verbose=0), network.predict(pixels, verbose=0), atol=1e-6)


def test_the_form_of_a_file_is_known_by_its_content(tmp_path: Path) -> None:
    faces = keras.Input((48, 48, 1))
    keras.Model(faces, layers.Flatten()(faces)).save(tmp_path / "model.h5")
    (tmp_path / "model.h5").rename(tmp_path / "weights")
    assert read_keras(tmp_path / "weights", None).output_shape == (None, 2304)
