"""Teachers; that a run with some can be resumed and distributed is tested in test_fit and test_distribution."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import keras
import numpy as np
import pytest
from tests.support.synthetic_faces import striped_faces

from fer_edge.config.model import parse_model
from fer_edge.errors import UsageError
from fer_train.architectures.registry import ARCHITECTURES, build
from fer_train.recipe import Recipe
from fer_train.training.batches import Batches
from fer_train.training.compilation import compile_model
from fer_train.training.targets import make_targets
from fer_train.training.teachers import TaughtModel, Teachers, load_teacher, load_teachers

FACES = striped_faces(70)
AUGMENTED = Recipe(model="nano", batch=16, epochs=2, noise=0.1, erase=0.9, mixup=0.4, teacher_weight=1.0)


def brightness(faces: np.ndarray, *, training: bool) -> np.ndarray:
    """A teacher whose prediction depends on every pixel of the left half."""
    assert not training
    bright = np.asarray(faces)[:, :, :24].mean(axis=(1, 2, 3)) / 255
    return np.stack([bright, 1 - bright, *[0 * bright] * 5], axis=1).astype(np.float32)


def always_second(faces: np.ndarray, *, training: bool) -> np.ndarray:
    assert not training
    return np.tile(np.eye(7, dtype=np.float32)[1], (len(faces), 1))


def test_the_targets_of_each_step_are_the_prediction_for_the_augmented_pixels() -> None:
    batches = Batches(FACES.pixels, make_targets(FACES, AUGMENTED), AUGMENTED)
    network, received = build("nano", 7, 0.0), []

    def loss(targets: np.ndarray, predicted: np.ndarray) -> np.ndarray:
        received.append(np.asarray(targets))
        return keras.ops.sum(predicted, axis=-1)

    model = TaughtModel(network.input, network.output, Teachers((brightness,), 1.0))
    model.compile(keras.optimizers.SGD(0.1), loss, run_eagerly=True)
    model.fit(batches, steps_per_epoch=batches.steps, epochs=2, shuffle=False, verbose=0)
    expected = [brightness(batches[number][0], training=False) for number in range(len(batches))]
    assert len(received) == len(expected) == 10
    assert np.allclose(received, expected, atol=1e-6)
    assert np.ptp([targets[:, 0] for targets in received], axis=0).min() > 0.01, "each view has its own targets"


def test_labels_class_weights_and_a_second_task_keep_their_share() -> None:
    recipe = Recipe(class_weights=1.0, hints_weight=0.25)
    hints = np.eye(10, dtype=np.float32)[np.arange(70) % 10]
    targets = make_targets(dataclasses.replace(FACES.only(FACES.labels < 2), hints=hints[:20]), recipe)
    faces = np.zeros((20, 48, 48, 1), np.float32)
    faces[:, :, :12] = 255
    mixed = np.asarray(Teachers((brightness, always_second), 0.4).mix(faces, targets))
    weights = targets[:, :7].sum(axis=1, keepdims=True)
    teachers = np.array([0.25, 0.75, 0, 0, 0, 0, 0], np.float32)
    assert np.allclose(mixed[:, :7], 0.6 * targets[:, :7] + 0.4 * weights * teachers, atol=1e-6)
    assert np.array_equal(mixed[:, 7:], targets[:, 7:])


def test_teachers_are_neither_trained_nor_part_of_the_model_and_compute_in_its_precision() -> None:
    recipe = dataclasses.replace(AUGMENTED, precision="mixed_bfloat16")
    teachers = load_teachers([parse_model("nano"), parse_model("small")], FACES.classes, recipe)
    assert teachers
    before = [teacher.get_weights() for teacher in teachers.models]
    network = build("nano", 7, 0.0)
    plain, taught = (compile_model(network, recipe, 17, 1, teachers=some) for some in (None, teachers))
    assert [variable.path for variable in taught.trainable_variables] == [
        *(variable.path.replace(plain.name, taught.name) for variable in plain.trainable_variables)
    ]
    batch = Batches(FACES.pixels, np.hstack([make_targets(FACES, recipe), np.eye(10)[FACES.labels]]), recipe)[0]
    assert np.isfinite(taught.train_on_batch(*batch)[0])
    assert len(taught.variables) == len(plain.variables)
    assert all(
        np.array_equal(*pair)
        for a, b in zip(before, teachers.models, strict=True)
        for pair in zip(a, b.get_weights(), strict=True)
    )
    layers = [
        layer for teacher in teachers.models for layer in teacher.layers if isinstance(layer, keras.layers.Conv2D)
    ]
    assert {layer.compute_dtype for layer in layers} == {"bfloat16"}
    floats = np.asarray(load_teacher(parse_model("small"), FACES.classes)(batch[0], training=False))
    assert np.allclose(teachers.models[1](batch[0], training=False), floats, atol=0.05)


def test_a_teacher_must_have_the_classes_of_the_data_in_their_order() -> None:
    assert load_teacher(parse_model("nano"), FACES.classes).output_shape == (None, 7)
    with pytest.raises(UsageError, match=r"its classes .* are not those of the data"):
        load_teacher(parse_model("nano"), ("happy", "angry"))
    assert load_teachers((), FACES.classes, Recipe()) is None


def test_a_teacher_whose_architecture_is_unknown_is_refused(trained: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(ARCHITECTURES, "nano")
    with pytest.raises(UsageError, match=r"its network, nano, is none that this version builds: train it again"):
        load_teachers([trained / "model.keras"], FACES.classes, Recipe())
