"""Opening what a run detects and classifies with. With a damaged face network: tests/integration."""

from __future__ import annotations

from pathlib import Path

import pytest

from fer_edge.config.model import DETECTORS, Config
from fer_edge.inference.classifier import EmotionClassifier
from fer_edge.inference.model_file import ModelError
from fer_edge.run.models import Models, open_models


@pytest.mark.parametrize("name", DETECTORS)
def test_the_models_are_those_of_the_configuration_and_nothing_is_logged(
    name: str, caplog: pytest.LogCaptureFixture
) -> None:
    models = open_models(Config(camera="", broker=None, threads=2, accelerator="cpu", detector=name))
    assert models.detectors.name == name
    assert models.classifier.model.name == "base"
    assert models.classifier.runs_on.endswith(", 2 threads)")
    assert not caplog.records


def test_a_model_that_cannot_be_used_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"none\.tflite: No such file"):
        open_models(Config(camera="", broker=None, model=tmp_path / "none.tflite"))


def test_without_detectors_the_cascade_is_used_alone(classifier: EmotionClassifier) -> None:
    assert Models(classifier).detectors.name == "haar"
