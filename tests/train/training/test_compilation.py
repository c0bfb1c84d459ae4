"""The compiled network; that a resumed run continues bit by bit is tested in test_fit."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from tests.support.synthetic_faces import striped_faces

from fer_train.architectures.degradation import Degradation
from fer_train.architectures.registry import build
from fer_train.prediction import probabilities
from fer_train.recipe import Recipe
from fer_train.training.compilation import advance_random_layers, compile_model, cross_entropy, steps_per_execution

FACES = striped_faces(8)


def test_more_targets_than_classes_add_a_second_head_outside_the_network() -> None:
    network = build("nano", 7, 0.0)
    model = compile_model(network, Recipe(), targets=17, steps=1)
    output = probabilities(model, FACES.pixels)
    assert (network.output_shape, output.shape) == ((None, 7), (8, 17))
    assert np.allclose(output[:, :7], probabilities(network, FACES.pixels), atol=1e-6)
    assert np.allclose(output[:, 7:].sum(axis=1), 1, atol=1e-5)


def test_the_learning_rate_rises_to_its_peak_and_falls_to_zero() -> None:
    recipe = Recipe(epochs=10, warmup=2.0, learning_rate=0.1)
    schedule = compile_model(build("nano", 7, 0.0), recipe, targets=7, steps=5).optimizer._learning_rate
    rates = [float(schedule(step)) for step in (0, 5, 10, 30, 50)]
    assert rates == pytest.approx([0, 0.05, 0.1, 0.05, 0], abs=1e-6)


@pytest.mark.parametrize("kind", [keras.layers.Dropout, Degradation])
def test_advanced_layers_continue_the_random_numbers(kind: type[keras.layers.Layer]) -> None:
    faces = np.full((1, 48, 48, 1), 99, np.float32)

    def outputs(model: keras.Model, count: int) -> list[np.ndarray]:
        layer = next(layer for layer in model.layers if isinstance(layer, kind))
        return [np.asarray(layer(faces, training=True)) for _ in range(count)]

    keras.utils.set_random_seed(1)
    uninterrupted = outputs(build("nano", 7, 0.5, 1.0), 5)
    keras.utils.set_random_seed(1)
    resumed = build("nano", 7, 0.5, 1.0)
    advance_random_layers(resumed, 3)
    assert all(np.array_equal(a, b) for a, b in zip(outputs(resumed, 2), uninterrupted[3:], strict=True))
    assert not np.array_equal(*uninterrupted[:2])


def test_cross_entropy_is_summed_over_both_tasks() -> None:
    targets = np.array([[1, 0, 0.5, 0.5]], np.float32)
    predicted = np.array([[0.8, 0.2, 0.4, 0.6]], np.float32)
    expected = -np.log(0.8) - 0.5 * np.log(0.4) - 0.5 * np.log(0.6)
    assert np.asarray(cross_entropy(targets, predicted)) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize(
    ("backend", "device", "steps", "expected"),
    [
        ("jax", "gpu:0", 222, 37),
        ("jax", "gpu:0", 150, 50),
        ("jax", "gpu:0", 223, 1),
        ("jax", "cpu:0", 222, 1),
        ("tensorflow", "gpu:0", 222, 1),
    ],
)
def test_on_jax_a_gpu_gets_a_divisor_of_the_steps_of_an_epoch_at_once(
    backend: str, device: str, steps: int, expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keras.backend, "backend", lambda: backend)
    monkeypatch.setattr(keras.distribution, "list_devices", lambda: [device])
    assert steps_per_execution(steps) == expected
