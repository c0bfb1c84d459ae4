"""One model file gives the same results on every runtime, apart from rounding."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from tests.support.synthetic_faces import striped_faces

from fer_data.data_source import DataSource
from fer_data.dataset import FaceSet
from fer_edge.config.model import MODELS, SHIPPED
from fer_edge.inference.classifier import EmotionClassifier
from fer_edge.inference.loader import open_engine
from fer_edge.inference.model_file import read_model
from fer_edge.inference.runtimes import available_runtimes

DATA = os.environ.get("FER2013")
pytestmark = pytest.mark.skipif(
    len(available_runtimes()) < 2, reason="NOT MEASURED: only one TFLite runtime is installed"
)


def results(name: str, faces: FaceSet) -> list[np.ndarray]:
    """The probabilities of a shipped model, float32 [N,classes], for each runtime."""
    model = read_model(MODELS / f"{name}.tflite")
    engines = [open_engine(model, runtime=runtime) for runtime in available_runtimes()]
    return [EmotionClassifier(model, engine).classify(faces.pixels) for engine in engines]


@pytest.fixture(scope="module")
def public_test() -> FaceSet:
    return DataSource(Path(str(DATA))).read().split("PublicTest")


@pytest.mark.parametrize("name", ["nano", "small"])
def test_probabilities_differ_by_a_few_steps_of_rounding(name: str) -> None:
    faces = striped_faces(140)
    first, second = results(name, faces)
    assert np.abs(first - second).mean() * 256 < 2
    assert np.abs(first - second).max() * 256 <= 16
    assert (first.argmax(axis=1) == second.argmax(axis=1)).mean() > 0.9


@pytest.mark.skipif(not DATA, reason="NOT MEASURED: set FER2013=path/to/fer2013.csv to compare the runtimes on it")
@pytest.mark.parametrize("name", SHIPPED)
@pytest.mark.timeout(900)
def test_accuracies_on_public_test_differ_by_less_than_a_fifth_of_a_point(name: str, public_test: FaceSet) -> None:
    first, second = ((scores.argmax(axis=1) == public_test.labels).mean() for scores in results(name, public_test))
    assert first == pytest.approx(second, abs=0.002)
