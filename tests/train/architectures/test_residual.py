"""The project's own family."""

from __future__ import annotations

import pytest

from fer_train.architectures.registry import build

MAX_PARAMETERS = {"nano": 0.1e6, "small": 0.7e6, "base": 6e6}
SUPPORTED = {
    "InputLayer", "Rescaling", "Conv2D", "BatchNormalization", "ReLU", "Add", "GlobalAveragePooling2D", "Dense",
}  # fmt: skip


@pytest.mark.parametrize(("name", "maximum"), MAX_PARAMETERS.items())
def test_the_family_has_the_stated_size_and_only_operations_of_the_accelerator(name: str, maximum: float) -> None:
    model = build(name, 7, 0.2)
    assert maximum / 4 < model.count_params() <= maximum
    assert {type(layer).__name__ for layer in model.layers} <= SUPPORTED | {"Dropout"}
