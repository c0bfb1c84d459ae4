"""Activation maps, by networks of which it is known where the evidence is."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import layers
from tests.support.scored_faces import score_reader

from fer_train.architectures.registry import build
from fer_train.report.activation_maps import activation_maps

FACES = np.full((2, 48, 48), 100, np.uint8)
FACES[0, 8:16, 32:40] = 255  # bright: evidence for class 1
FACES[1, 32:40, 8:16] = 0  # dark: evidence for class 0
LABELS = np.array([1, 0])


def brightness_classifier(*, flat: bool) -> keras.Model:
    """Class 1 is for what is brighter than 150, class 0 for what is darker than 50; `flat`: without pooling."""
    inputs = keras.Input((48, 48, 1))
    detectors = layers.Conv2D(2, 8, strides=8, activation="relu")
    features = detectors(inputs)
    pooled = layers.Flatten()(features) if flat else layers.GlobalAveragePooling2D()(features)
    head = layers.Dense(2, activation="softmax")
    model = keras.Model(inputs, head(pooled))
    kernel = np.stack([np.full((8, 8, 1), -1 / 64), np.full((8, 8, 1), 1 / 64)], axis=-1)
    detectors.set_weights([kernel, np.array([50.0, -150.0])])
    head.set_weights([np.tile(np.eye(2), (36 if flat else 1, 1)), np.zeros(2)])
    return model


@pytest.mark.parametrize("flat", [False, True])
def test_the_map_is_brightest_where_the_evidence_is(*, flat: bool) -> None:
    maps = activation_maps(brightness_classifier(flat=flat), FACES, LABELS)
    assert maps is not None
    assert maps.shape == FACES.shape
    assert maps.min() == 0
    assert min(maps[0, 12, 36], maps[1, 36, 12]) > 0.95
    assert max(maps[0, 24:].max(), maps[1, :24].max()) < 0.05
    other = activation_maps(brightness_classifier(flat=flat), FACES, 1 - LABELS)
    assert other is not None
    assert other.max() == 0, "there is no evidence for the other class"


def test_a_network_without_feature_maps_has_none() -> None:
    assert activation_maps(score_reader(2), FACES, LABELS) is None


@pytest.mark.parametrize("name", ["base", "cnn", "mini-xception"])
def test_the_networks_have_maps(name: str) -> None:
    maps = activation_maps(build(name, 2, 0.2), FACES, LABELS)
    assert maps is not None
    assert np.isfinite(maps).all()


def test_the_backends_give_the_same_maps(tmp_path: Path) -> None:
    model = brightness_classifier(flat=True)
    model.save(tmp_path / "model.keras")
    np.save(tmp_path / "faces.npy", FACES)
    program = (
        "import sys, keras, numpy as np; from fer_train.report.activation_maps import activation_maps\n"
        "model = keras.saving.load_model('model.keras', compile=False); assert keras.backend.backend() == 'jax'\n"
        "np.save('maps.npy', activation_maps(model, np.load('faces.npy'), np.array([1, 0])))"
    )
    environment = {**os.environ, "KERAS_BACKEND": "jax"}
    subprocess.run([sys.executable, "-c", program], cwd=tmp_path, env=environment, check=True, timeout=120)
    maps = activation_maps(model, FACES, LABELS)
    assert maps is not None
    assert np.abs(np.load(tmp_path / "maps.npy") - maps).max() < 1e-3
