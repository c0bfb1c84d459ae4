"""The accuracy of a model as its own report or card records it, on the faces that it was judged on then."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fer_data.classifiers import Classifier
from fer_data.metrics import wilson_interval
from fer_edge.inference.model_file import ModelFile
from fer_train.training.run_folder import METRICS


@dataclass(frozen=True)
class Recorded:
    """What is recorded of the accuracy of a model.

    Attributes:
        part: The name of the part of the data.
        count: The number of its faces.
        accuracy: The share of them that was classified correctly, 0..1.
        recall: The same by class, where it is recorded.
    """

    part: str
    count: int
    accuracy: float
    recall: Mapping[str, float | None] = field(default_factory=dict)

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval of the accuracy."""
        return wilson_interval(self.accuracy, self.count)


def read_recorded(classifier: Classifier, run: Path | None) -> Recorded | None:
    """Read the metrics.json of a run, of its test faces if it has any; or the card of a model file; None without."""
    try:
        if isinstance(classifier.model, ModelFile):
            metrics = classifier.model.card["metrics"]
            return Recorded(str(metrics["split"]), int(metrics["faces"]), float(metrics["int8_accuracy"]))
        return _read_metrics(json.loads((run / METRICS).read_text())) if run else None
    except (OSError, ValueError, LookupError, TypeError):
        return None


def _read_metrics(metrics: dict[str, Any]) -> Recorded:
    judged = metrics.get("test", metrics)
    part = ", ".join(judged.get("split", metrics["validation"]))
    return Recorded(part, sum(judged["support"].values()), float(judged["accuracy"]), judged["recall"])
