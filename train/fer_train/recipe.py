"""The recipe: every hyper-parameter of a training run; saved beside the model as `recipe.json`."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path

from fer_edge.errors import UsageError
from fer_train.architectures.registry import ARCHITECTURES

MODELS = tuple(ARCHITECTURES)
PRECISIONS = ("float32", "mixed_bfloat16")


@dataclass(frozen=True)
class Recipe:
    """The hyper-parameters of a run; two runs of one recipe on one machine give the same model."""

    seed: int = 1

    # model
    model: str = "base"  # one of MODELS
    dropout: float = 0.2  # before the last layer
    weights: str = "none"  # initial ones: none, imagenet, a .h5 of keras.applications, a model.keras, a .tflite, base
    head_epochs: int = 5  # with initial weights: epochs of the last layer alone, before all layers are trained
    precision: str = "float32"  # or mixed_bfloat16: a third faster on a CPU or GPU that supports it

    # optimisation
    epochs: int = 70
    batch: int = 128
    learning_rate: float = 0.1  # peak; cosine decay to zero
    warmup: float = 2.0  # epochs of linear rise to the peak
    momentum: float = 0.9  # Nesterov
    weight_decay: float = 5e-4  # decoupled; multiplied by the learning rate at each step
    average: float = 0.999  # momentum of the exponential moving average of the weights
    patience: int = 0  # epochs without a better validation accuracy after which to stop and take the best; 0: never

    # targets
    label_smoothing: float = 0.1
    class_weights: float = 0.0  # 1: a rare class counts as much as a common one; 0: every face counts the same
    teacher_weight: float = 0.5  # with teachers: the share of their prediction in the targets
    hints_weight: float = 1.0  # with hints (FER+ votes beside the labels): the weight of the second task

    # augmentation; drawn for each face, uniformly within +- the value
    rotate: float = 10.0  # degrees
    zoom: float = 0.15
    shift: float = 0.1  # of the side
    brightness: float = 0.15  # of 255
    contrast: float = 0.25
    noise: float = 0.0  # maximum standard deviation, of 255
    erase: float = 0.3  # probability of erasing a rectangle of 2 to 20 % of the picture
    mixup: float = 0.0  # alpha of the Beta distribution of the share with which two faces are mixed; 0: none

    def __post_init__(self) -> None:
        """Raises UsageError for a value out of range, with the name of its flag."""
        self._check("model", self.model in MODELS, f"one of {', '.join(MODELS)}")
        self._check("precision", self.precision in PRECISIONS, f"one of {', '.join(PRECISIONS)}")
        for name in ("epochs", "batch"):
            self._check(name, getattr(self, name) >= 1, "at least 1")
        for name in ("dropout", "momentum", "label_smoothing", "average", "zoom", "shift"):
            self._check(name, 0 <= getattr(self, name) < 1, "at least 0 and less than 1")
        for name in ("class_weights", "teacher_weight", "brightness", "contrast", "noise", "erase"):
            self._check(name, 0 <= getattr(self, name) <= 1, "between 0 and 1")
        at_least_0 = ("seed", "head_epochs", "learning_rate", "warmup", "weight_decay", "patience", "hints_weight")
        for name in (*at_least_0, "rotate", "mixup"):
            self._check(name, 0 <= getattr(self, name) < float("inf"), "at least 0")

    def _check(self, name: str, valid: bool, expected: str) -> None:
        if not valid:
            raise UsageError(f"--{name.replace('_', '-')} {getattr(self, name)}: must be {expected}")

    def save(self, path: Path) -> None:
        """Write the recipe as JSON."""
        path.write_text(json.dumps(dataclasses.asdict(self), indent=2) + "\n")
