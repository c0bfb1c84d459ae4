"""What a run detects and classifies faces with."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field

from fer_edge.config.model import Config
from fer_edge.detection.base import Detectors
from fer_edge.inference.classifier import EmotionClassifier
from fer_edge.inference.detectors import open_detectors
from fer_edge.inference.selection import select_engine

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Models:
    """What a run detects and classifies faces with.

    Attributes:
        classifier: Classifies the faces.
        detectors: Detect them; by default the Haar cascade alone.
        warnings: What does not work as it should, one line each.
    """

    classifier: EmotionClassifier
    detectors: Detectors = field(default_factory=Detectors)
    warnings: tuple[str, ...] = ()


def open_models(config: Config) -> Models:
    """Open the models that the settings name, and log what does not work as it should.

    Raises:
        FerError: The model or the accelerator cannot be used. A detector that cannot be used is only a warning.
    """
    selection = select_engine(config.model, config.accelerator, config.threads)
    detectors, detector_warnings = open_detectors(config.detector)
    warnings = (*selection.warnings, *detector_warnings)
    for warning in warnings:
        log.warning("%s", warning)
    classifier = EmotionClassifier(selection.model, selection.engine)
    classifier.warm_up()
    return Models(classifier, detectors, warnings)
