from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.support.graphs import NANO, altered
from tests.support.models import write_compiled
from tests.support.processes import run_in_process
from tests.support.refusals import assert_refused

from fer_convert.check.contract import describe_problems
from fer_edge.config.model import SHIPPED, parse_model
from fer_edge.inference.model_file import ModelFile, read_model, write_model


@pytest.mark.parametrize("name", SHIPPED)
def test_the_shipped_models_have_no_problems(name: str) -> None:
    assert describe_problems(read_model(parse_model(name))) == []


def test_the_range_of_the_output_decides_on_a_compiled_model(tmp_path: Path) -> None:
    assert describe_problems(write_compiled(tmp_path / "m_edgetpu.tflite")) == []


def test_a_model_that_gives_no_probabilities_is_not_compiled(tmp_path: Path) -> None:
    model = write_logits(tmp_path / "m.tflite")
    expected = "m.tflite: the range of its output is 0 to 25.5, expected 0 to 1"
    assert_refused(run_in_process("fer_convert", "compile", model.path), "fer-convert", expected, 78)
    assert expected.removeprefix("m.tflite: ") in run_in_process("fer_convert", "check", model.path).out


def write_logits(path: Path) -> ModelFile:
    def change(model: Any) -> None:
        subgraph = model.subgraphs[0]
        subgraph.tensors[subgraph.outputs[0]].quantization.scale = [0.1]

    return write_model(path, altered(NANO.graph, change), NANO.labels, {})
