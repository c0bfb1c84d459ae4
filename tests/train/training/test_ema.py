"""Averaged weights and their statistics; EmaEvaluation is tested in test_fit."""

from __future__ import annotations

import keras
import numpy as np
from tests.support.synthetic_faces import striped_faces

from fer_train.architectures.registry import build
from fer_train.recipe import Recipe
from fer_train.training.batches import Batches
from fer_train.training.ema import Statistics


def test_estimated_statistics_are_those_of_the_faces() -> None:
    model = build("nano", 7, 0.0)
    faces = striped_faces(320).pixels
    unaugmented = Recipe(batch=32, rotate=0, zoom=0, shift=0, brightness=0, contrast=0, erase=0)
    Statistics(model).estimate(Batches(faces, np.zeros((320, 7), np.float32), unaugmented))
    first = next(layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization))
    before = keras.Model(model.input, first.input)
    activations = np.asarray(before.predict(faces[..., None].astype(np.float32), verbose=0))
    assert np.allclose(first.moving_mean, activations.mean(axis=(0, 1, 2)), atol=0.05)
    assert np.allclose(first.moving_variance, activations.var(axis=(0, 1, 2)), rtol=0.1)
    assert first.momentum == keras.layers.BatchNormalization().momentum
