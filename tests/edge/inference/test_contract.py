from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fer_edge.config.model import SHIPPED, parse_model
from fer_edge.inference.contract import TensorSpec, contract_problems, require_contract
from fer_edge.inference.loader import open_engine
from fer_edge.inference.model_file import ModelError, ModelFile, read_model

LABELS = ("happy", "sad")
FACE = TensorSpec("uint8", (1, 48, 48, 1), 1.0, 0)
PAIR = TensorSpec("uint8", (1, 2), 1 / 256, 0)


@pytest.mark.parametrize("name", SHIPPED)
def test_the_shipped_models_keep_the_contract(name: str) -> None:
    model = read_model(parse_model(name))
    interpreter = open_engine(model).interpreter
    inputs = [TensorSpec.of_details(details) for details in interpreter.get_input_details()]
    outputs = [TensorSpec.of_details(details) for details in interpreter.get_output_details()]
    assert contract_problems(inputs, outputs, model.labels) == []


@pytest.mark.parametrize(
    ("face", "pair"),
    [
        (FACE, PAIR),
        (replace(FACE, shape=(-1, 64, 64, 1)), replace(PAIR, shape=(-1, 2))),  # the interpreter takes such a batch as 1
        (FACE, replace(PAIR, dtype="int8", zero_point=-128)),
        (FACE, replace(PAIR, scale=1 / 255)),
        (FACE, replace(PAIR, scale=float(np.float32(1 / 255)))),
    ],
)
def test_faces_of_any_side_and_both_types_of_probabilities_are_sound(face: TensorSpec, pair: TensorSpec) -> None:
    assert contract_problems([face], [pair], LABELS) == []


@pytest.mark.parametrize(
    ("output", "limits"),
    [
        (replace(PAIR, scale=0.0964, zero_point=126), "-12.1 to 12.4"),  # logits
        (replace(PAIR, scale=0.001), "0 to 0.255"),  # small logits of a closing ReLU
        (replace(PAIR, dtype="int8", scale=2 / 255), "-1 to 0.996"),  # TANH, or a normalised embedding
        (replace(PAIR, dtype="int8"), "-0.5 to 0.496"),
        (replace(PAIR, scale=100 / 256), "0 to 99.6"),  # percentages
        (replace(PAIR, scale=1.02 / 255), "0 to 1.02"),
        (replace(PAIR, scale=0.0), "0 to 0"),
        (replace(PAIR, scale=float("inf")), "nan to inf"),
    ],
)
def test_an_output_that_is_not_a_probability_is_refused_with_its_range(output: TensorSpec, limits: str) -> None:
    (problem,) = contract_problems([FACE], [output], LABELS)
    assert problem.startswith(f"the range of its output is {limits}, expected 0 to 1")


@pytest.mark.parametrize("shape", [(1, 128), (1, 1), (2,), (1, 2, 1, 1), (2, 2), (1, -1), ()])
def test_an_output_of_another_shape_is_refused(shape: tuple[int, ...]) -> None:
    (problem,) = contract_problems([FACE], [replace(PAIR, shape=shape)], LABELS)
    assert problem.startswith(f"its output is {list(shape)}, ")


@pytest.mark.parametrize("shape", [(1, 1, 48, 48), (1, 48, 48, 3), (1, -1, -1, 1), (4, 48, 48, 1), (1, 48, 64, 1), ()])
def test_an_input_of_another_shape_is_refused(shape: tuple[int, ...]) -> None:
    (problem,) = contract_problems([replace(FACE, shape=shape)], [PAIR], LABELS)
    assert problem == f"its input is {list(shape)}, expected [1, side, side, 1] (grey faces)"


def test_all_that_a_model_lacks_is_one_line_with_the_cure() -> None:
    picture, logits = TensorSpec("float32", (1, 3, 224, 224)), TensorSpec("int8", (1, 128), 0.1)
    with pytest.raises(ModelError) as raised:
        require_contract(ModelFile(Path("m.tflite"), b"", (), {}), [picture], [logits])
    assert raised.value.setting == "model.file"
    assert str(raised.value) == (
        "m.tflite: its input is float32, expected uint8; "
        "its input is [1, 3, 224, 224], expected [1, side, side, 1] (grey faces); "
        "the range of its output is -12.8 to 12.7, expected 0 to 1 (probabilities, as SOFTMAX or LOGISTIC gives); "
        "no labels.txt in it, or cut short: fer-convert adopt m.tflite --labels A,B,..."
    )


def test_two_inputs_or_outputs_are_reported_with_the_other_problems() -> None:
    problems = contract_problems([FACE, FACE], [replace(PAIR, dtype="float32")], LABELS)
    assert problems == [
        "it has 2 inputs and 1 outputs; expected one of each",
        "its output is float32, expected uint8 or int8",
    ]
