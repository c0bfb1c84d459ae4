"""The estimate of the duration of a run."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from tests.support.synthetic_faces import striped_faces

from fer_train.architectures.registry import build
from fer_train.recipe import Recipe
from fer_train.training.batches import Batches
from fer_train.training.compilation import compile_model
from fer_train.training.duration import describe_duration, estimate_epoch
from fer_train.training.targets import make_targets


def test_an_estimate_leaves_the_model_as_it_is() -> None:
    recipe, faces = Recipe(batch=8, average=0.9), striped_faces(70)
    model = compile_model(build("nano", 7, 0.2), recipe, targets=7, steps=9)
    batches = Batches(faces.pixels, make_targets(faces, recipe), recipe)
    variables = [*model.variables, *model.optimizer.variables]
    before = [keras.ops.convert_to_numpy(variable.value).copy() for variable in variables]
    seconds = estimate_epoch(model, batches, recipe, validation=10)
    assert 0 < seconds < 60
    assert all(
        np.array_equal(one, keras.ops.convert_to_numpy(other.value))
        for one, other in zip(before, variables, strict=True)
    )


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.1, "1 s"), (86.4, "86 s"), (150, "2 min"), (3599, "1 h 0 min"), (12_000, "3 h 20 min")]
)
def test_a_duration_is_described_in_few_words(seconds: float, text: str) -> None:
    assert describe_duration(seconds) == text
