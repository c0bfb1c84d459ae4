"""Checks the model file, and opens it on the accelerator; opens what detects faces."""

from __future__ import annotations

from fer_edge.config.model import Config
from fer_edge.config.moods import check_emotions
from fer_edge.diagnostics.finding import Finding, ok, warn
from fer_edge.inference.classifier import EmotionClassifier
from fer_edge.inference.detectors import open_detectors
from fer_edge.inference.model_file import read_model
from fer_edge.inference.selection import select_engine


def check_model(config: Config) -> Finding:
    """Check that the file is complete, matches its checksum and names its classes, and those of the moods.

    Raises ModelError or ConfigError.
    """
    model = read_model(config.model)
    check_emotions(config.moods, model.labels)
    text = f"{model.name}, sha256 {model.sha256[:12]}: {', '.join(model.labels)}"
    scores = [f"{model.labels[label]} {score:g}" for label, score in model.min_scores.items()]
    if scores and config.pipeline.min_score is None:
        text += f"; minimum scores: {', '.join(scores)}"
    return ok(text)


def check_accelerator(config: Config) -> Finding:
    """Find out what the model runs on; it is tried in a separate process. Raises ModelError, AcceleratorError."""
    selection = select_engine(config.model, config.accelerator, config.threads)
    classifier = EmotionClassifier(selection.model, selection.engine)
    text = "; ".join([classifier.runs_on, *selection.warnings])
    return warn(text) if selection.warnings else ok(text)


def check_detector(config: Config) -> Finding:
    """Find out what detects faces; the face network is tried in a separate process."""
    detectors, warnings = open_detectors(config.detector)
    text = "; ".join([detectors.name, *warnings])
    return warn(text) if warnings else ok(text)
