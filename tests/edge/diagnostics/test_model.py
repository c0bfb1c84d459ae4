"""--check: the model file, the accelerator and the detector."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.support.graphs import NANO, altered
from tests.support.models import write_compiled

from fer_edge.config.accelerator import LIBRARY_VARIABLE
from fer_edge.config.model import DEFAULT_MODEL, DETECTORS, Config, PipelineOptions
from fer_edge.diagnostics.finding import ok
from fer_edge.diagnostics.model import check_accelerator, check_detector, check_model
from fer_edge.errors import FerError
from fer_edge.inference.model_file import ModelError, read_model, write_model


def test_a_model_is_named_with_its_checksum_and_classes() -> None:
    model = read_model(DEFAULT_MODEL)
    assert check_model(Config(camera="", broker=None)) == ok(
        f"base, sha256 {model.sha256[:12]}: {', '.join(model.labels)}"
    )


def test_the_minimum_scores_of_a_model_are_named_unless_the_owner_sets_one(tmp_path: Path) -> None:
    model = read_model(DEFAULT_MODEL)
    write_model(tmp_path / "m.tflite", model.graph, model.labels, {"min_score": {"sad": 0.6, "happy": 0.75}})
    config = Config(camera="", broker=None, model=tmp_path / "m.tflite")
    assert check_model(config).text.endswith("; minimum scores: sad 0.6, happy 0.75")
    own = replace(config, pipeline=PipelineOptions(min_score=0.0))
    assert "minimum scores" not in check_model(own).text


def test_a_file_that_is_no_model_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "text.tflite").write_text("no model")
    with pytest.raises(ModelError, match="not a TFLite model"):
        check_model(Config(camera="", broker=None, model=tmp_path / "text.tflite"))


def test_the_processor_is_reported_with_its_runtime() -> None:
    finding = check_accelerator(Config(camera="", broker=None, accelerator="cpu"))
    assert finding.level == "ok"
    assert finding.text.startswith("cpu (")


def test_an_edge_tpu_that_does_not_work_is_a_warning_with_auto_and_an_error_with_edgetpu(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(LIBRARY_VARIABLE, "libnothere.so.1")
    plain = tmp_path / "fer.tflite"
    plain.write_bytes(DEFAULT_MODEL.read_bytes())
    write_compiled(tmp_path / "fer_edgetpu.tflite", read_model(DEFAULT_MODEL).labels)
    finding = check_accelerator(Config(camera="", broker=None, model=plain))
    assert finding.level == "warn"
    assert finding.text.startswith("cpu (")
    assert "libnothere.so.1 cannot be loaded" in finding.text
    with pytest.raises(FerError, match=r"libnothere\.so\.1 cannot be loaded"):
        check_accelerator(Config(camera="", broker=None, model=plain, accelerator="edgetpu"))


def test_a_model_that_breaks_the_contract_is_an_error(tmp_path: Path) -> None:
    def in_logits(graph: Any) -> None:
        subgraph = graph.subgraphs[0]
        subgraph.tensors[subgraph.outputs[0]].quantization.scale = [0.1]

    write_model(tmp_path / "logits.tflite", altered(NANO.graph, in_logits), NANO.labels, {})
    with pytest.raises(ModelError, match=r"the range of its output is 0 to 25\.5, expected 0 to 1"):
        check_accelerator(Config(camera="", broker=None, model=tmp_path / "logits.tflite"))
    (tmp_path / "bare.tflite").write_bytes(NANO.graph)
    with pytest.raises(ModelError, match=r"bare\.tflite: no labels\.txt in it"):
        check_accelerator(Config(camera="", broker=None, model=tmp_path / "bare.tflite"))


@pytest.mark.parametrize("name", DETECTORS)
def test_the_detector_is_named_when_it_works(name: str) -> None:
    assert check_detector(Config(camera="", broker=None, detector=name)) == ok(name)
