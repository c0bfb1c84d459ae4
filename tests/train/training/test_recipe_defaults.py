"""The values of a recipe that follow from the number of faces and classes."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fer_train.architectures.registry import ARCHITECTURES
from fer_train.recipe import AUGMENTATIONS, Recipe
from fer_train.training.recipe_defaults import DERIVED, LARGE_SET, MIN_STEPS, SMALL_SET, complete_recipe


def test_fer2013_gets_the_recipe_that_the_shipped_models_were_trained_with() -> None:
    assert complete_recipe({}, 28_358, 7)[0] == Recipe()


def test_a_small_set_starts_from_the_shipped_model_with_small_steps() -> None:
    recipe, reasons = complete_recipe({}, 277, 2)
    assert (recipe.weights, recipe.batch, recipe.epochs) == ("base", 16, 17)
    assert recipe.learning_rate == pytest.approx(0.0125)
    assert 0.9 <= recipe.average < 0.97
    assert set(reasons) == set(DERIVED)
    assert reasons["weights"].startswith("277 training faces are few, so the shipped model")


@pytest.mark.parametrize(
    ("faces", "classes", "weights"),
    [
        (SMALL_SET - 1, 7, "base"),
        (SMALL_SET, 7, "none"),
        (3000, 20, "base"),
        (2, 2, "base"),
    ],
)
def test_a_set_is_small_by_its_faces_or_by_those_of_a_class(faces: int, classes: int, weights: str) -> None:
    assert complete_recipe({}, faces, classes)[0].weights == weights


@pytest.mark.parametrize("model", ARCHITECTURES)
def test_only_shipped_models_have_weights_to_start_from(model: str) -> None:
    recipe, reasons = complete_recipe({"model": model}, 300, 2)
    shipped = model in ("nano", "small", "base")
    assert recipe.weights == (model if shipped else "none")
    assert shipped or reasons["weights"] == f"300 training faces are few, but no weights of {model} are shipped"


def test_without_initial_weights_a_small_set_is_trained_on_for_longer() -> None:
    scratch, transfer = complete_recipe({"weights": "none"}, 300, 2)[0], complete_recipe({}, 300, 2)[0]
    assert (scratch.weights, transfer.weights) == ("none", "base")
    assert scratch.epochs > LARGE_SET.epochs > transfer.epochs


@pytest.mark.parametrize("faces", [300, 30_000])
def test_augment_sets_the_changes_that_are_not_given(faces: int) -> None:
    assert complete_recipe({"augment": "full"}, faces, 2)[0] == complete_recipe({}, faces, 2)[0]
    none, reasons = complete_recipe({"augment": "none", "erase": 0.2}, faces, 2)
    changes = ("mirror", "rotate", "zoom", "shift", "brightness", "contrast", "noise", "mixup")
    assert [getattr(none, name) for name in changes] == [0] * len(changes)
    assert none.erase == 0.2
    assert reasons["mirror"] == "--augment none"
    assert "erase" not in reasons
    light = complete_recipe({"augment": "light", "mirror": 0.1}, faces, 2)[0]
    assert (light.mirror, light.erase) == (0.1, 0)
    assert all(0 < getattr(light, name) < getattr(Recipe(), name) for name in AUGMENTATIONS["light"] if name != "erase")


@given(
    faces=st.integers(1, 100_000),
    classes=st.integers(2, 30),
    values=st.fixed_dictionaries(
        {},
        optional={
            "batch": st.integers(1, 300),
            "epochs": st.integers(1, 300),
            "learning_rate": st.floats(1e-4, 1),
            "average": st.floats(0, 0.9999),
            "weights": st.sampled_from(["none", "imagenet", "base"]),
            "model": st.sampled_from(["base", "large"]),
        },
    ),
)
def test_flags_win_and_the_rest_suits_every_set(faces: int, classes: int, values: dict[str, object]) -> None:
    recipe, reasons = complete_recipe(values, faces, classes)
    complete = dataclasses.asdict(recipe)
    assert {name: complete[name] for name in values} == values
    assert set(reasons) == set(DERIVED) - set(values)
    assert recipe.warmup <= max(1, recipe.epochs / 10)
    if "batch" not in values:
        assert 16 <= recipe.batch <= 128
        assert recipe.batch == 16 or recipe.steps(faces) >= MIN_STEPS
    if "average" not in values:
        horizon = 1 / (1 - recipe.average)
        assert horizon <= max(1.001, recipe.epochs * recipe.steps(faces) / 14), "else the first weights remain in it"
