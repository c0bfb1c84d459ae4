"""The networks of keras.applications."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from tests.support.synthetic_faces import striped_faces

from fer_train.architectures.keras_applications import APPLICATIONS
from fer_train.architectures.registry import build

FACES = striped_faces(64)


@pytest.mark.parametrize("name", APPLICATIONS)
def test_the_first_convolution_does_the_preprocessing_of_the_authors(name: str) -> None:
    model = build(name, 7, 0.0)
    preprocess = keras.Model(model.input, model.get_layer("channels").output)
    faces = FACES.pixels[:2, :, :, None].astype(np.float32)
    module = {"mobilenetv2": "mobilenet_v2", "resnet50": "resnet", "vgg16": "vgg16"}[name]
    expected = getattr(keras.applications, module).preprocess_input(np.repeat(faces, 3, axis=-1))
    assert np.allclose(np.asarray(preprocess(faces)), expected, atol=1e-4)
    assert not model.get_layer("channels").trainable_weights
