"""Fixtures that the tests share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support import Mosquitto

from fer_edge.accelerator import open_engine
from fer_edge.config import DEFAULT_MODEL
from fer_edge.emotions import EmotionClassifier
from fer_edge.modelfile import read_model
from fer_edge.runtimes import import_runtimes

# First of all: tflite-runtime fails in a process where TensorFlow was imported before it.
import_runtimes()


@pytest.fixture(scope="session")
def classifier() -> EmotionClassifier:
    model = read_model(DEFAULT_MODEL)
    return EmotionClassifier(model, open_engine(model))


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Mosquitto]:
    broker = Mosquitto(tmp_path)
    broker.start()
    yield broker
    broker.close()
