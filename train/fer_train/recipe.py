"""Every hyper-parameter of a training run, in one place; saved beside the model as `recipe.json`."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path

from fer_edge.errors import UsageError

MODELS = ("nano", "small", "base", "large", "cnn", "mini-xception", "mobilenetv2", "resnet50", "vgg16")
PRECISIONS = ("float32", "mixed_bfloat16")


@dataclass(frozen=True)
class Recipe:
    """What a run does; two runs of one recipe on one machine give the same model."""

    seed: int = 1

    # model
    model: str = "base"  # one of the architectures: nano, small, base, large, cnn, mini-xception, mobilenetv2, ...
    dropout: float = 0.2  # before the last layer
    weights: str = "none"  # to start from: none, imagenet, a .h5 of keras.applications, a model.keras, a .tflite, base
    head_epochs: int = 5  # with such weights: epochs of the last layer alone, before all of it is tuned
    precision: str = "float32"  # or mixed_bfloat16: a third faster on a processor or a GPU that has it

    # optimisation
    epochs: int = 70
    batch: int = 128
    learning_rate: float = 0.1  # peak; cosine decay to zero
    warmup: float = 2.0  # epochs of linear rise to the peak
    momentum: float = 0.9  # Nesterov
    weight_decay: float = 5e-4  # decoupled: taken times the learning rate at each step
    average: float = 0.999  # decay of the exponential moving average of the weights
    patience: int = 0  # stop after so many epochs without a better validation accuracy, and take the best; 0: never

    # targets
    label_smoothing: float = 0.1
    class_weights: float = 0.0  # 1: a rare class counts as much as a common one; 0: every face counts the same
    teacher_weight: float = 0.5  # share of the teachers' answer in the target, when there are teachers
    hints_weight: float = 1.0  # weight of the second task, when there are hints (FER+ votes beside the labels)

    # augmentation; each face draws anew, uniformly within +- the value
    rotate: float = 10.0  # degrees
    zoom: float = 0.15
    shift: float = 0.1  # of the side
    brightness: float = 0.15  # of 255
    contrast: float = 0.25
    noise: float = 0.0  # standard deviation at most, of 255
    erase: float = 0.3  # chance to blank a rectangle of 2 to 20 % of the picture
    mixup: float = 0.0  # alpha of the Beta distribution by which two faces are mixed; 0: none

    def __post_init__(self) -> None:
        """Raises UsageError for a value that makes no sense, by the name of its flag."""
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

    def _check(self, name: str, good: bool, right: str) -> None:
        if not good:
            raise UsageError(f"--{name.replace('_', '-')} {getattr(self, name)}: must be {right}")

    def save(self, path: Path) -> None:
        """Write the recipe as JSON."""
        path.write_text(json.dumps(dataclasses.asdict(self), indent=2) + "\n")
