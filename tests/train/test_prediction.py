"""Predictions of a Keras model, by plain and by compiled calls."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
from tests.support.synthetic_faces import striped_faces

from fer_train.architectures.registry import build
from fer_train.prediction import probabilities


def test_the_last_batch_may_be_smaller() -> None:
    model, pixels = build("nano", 7, 0.0), striped_faces(11).pixels
    whole = probabilities(model, pixels, batch=11)
    assert (whole.shape, whole.dtype) == ((11, 7), np.float32)
    assert np.allclose(probabilities(model, pixels, batch=4), whole, atol=1e-6)
    assert np.allclose(probabilities(model, pixels, batch=256), whole, atol=1e-6)


COMPILED = """
import keras, numpy as np
from fer_train.architectures.registry import build
from fer_train.prediction import compile_call, probabilities
assert keras.backend.backend() == "jax"
rng = np.random.default_rng(0)
pixels = rng.integers(0, 256, (40, 48, 48), np.uint8)
model = build("nano", 7, 0.0)
predict = compile_call(model)
assert np.allclose(probabilities(predict, pixels, 16), probabilities(model, pixels, 16), atol=1e-5)
model.set_weights([weight + 0.01 for weight in model.get_weights()])
assert np.allclose(probabilities(predict, pixels, 16), probabilities(model, pixels, 16), atol=1e-5), "old weights"
before = model.get_weights()
faces = pixels[..., None].astype(np.float32)
model(faces, training=True)
plain = model.get_weights()
model.set_weights(before)
compile_call(model, training=True)(faces)
assert all(np.allclose(one, other, rtol=1e-4, atol=1e-4) for one, other in zip(plain, model.get_weights()))
assert any(not np.allclose(one, other) for one, other in zip(plain, before)), "the statistics must move"
"""


def test_on_jax_compiled_calls_compute_and_update_what_plain_ones_do() -> None:
    environment = {**os.environ, "KERAS_BACKEND": "jax"}
    command = [sys.executable, "-c", COMPILED]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
