"""Fixtures for all tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.mosquitto import Mosquitto
from tests.support.processes import run
from tests.support.synthetic_faces import striped_faces, write_csv
from tests.support.training import SHORT_RUN

from fer_edge.config.model import DEFAULT_DETECTOR, DEFAULT_MODEL
from fer_edge.detection.base import Detectors
from fer_edge.inference.classifier import EmotionClassifier
from fer_edge.inference.detectors import open_detectors
from fer_edge.inference.loader import open_engine
from fer_edge.inference.model_file import read_model
from fer_edge.inference.runtimes import import_runtimes

# Before TensorFlow: tflite-runtime fails in a process where TensorFlow was imported first.
import_runtimes()


@pytest.fixture(scope="session")
def classifier() -> EmotionClassifier:
    model = read_model(DEFAULT_MODEL)
    return EmotionClassifier(model, open_engine(model))


@pytest.fixture(scope="session")
def detectors() -> Detectors:
    """What detects faces by default: the Haar cascade and the face network."""
    opened, warnings = open_detectors(DEFAULT_DETECTOR)
    assert warnings == ()
    return opened


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Mosquitto]:
    broker = Mosquitto(tmp_path)
    broker.start()
    yield broker
    broker.close()


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A csv of synthetic faces: 315 for training, 105 of PublicTest."""
    return write_csv(striped_faces(420), tmp_path_factory.mktemp("data") / "faces.csv")


@pytest.fixture(scope="session")
def trained(data: Path) -> Path:
    """The folder of a run of fer-train fit on these faces."""
    out = data.parent / "run"
    done = run(
        "fer_train", "fit", *SHORT_RUN, "--data", data, "--out", out, "--validation", "PublicTest", "--epochs", 5
    )
    assert done.code == 0, done.err
    return out
