"""Every hyper-parameter of a training run, in one place; saved beside the model as `recipe.json`."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path

from fer_edge.errors import UsageError


@dataclass(frozen=True)
class Recipe:
    """What a run does; two runs of one recipe on one machine give the same model."""

    seed: int = 1

    # model
    widths: tuple[int, ...] = (24, 48, 96, 192)  # channels of each stage; each stage but the first halves the picture
    blocks: int = 2  # residual blocks a stage
    dropout: float = 0.2  # before the last layer

    # optimisation
    epochs: int = 70
    batch: int = 128
    learning_rate: float = 0.1  # peak; cosine decay to zero
    warmup: float = 2.0  # epochs of linear rise to the peak
    momentum: float = 0.9  # Nesterov
    weight_decay: float = 5e-4  # decoupled: taken times the learning rate at each step
    label_smoothing: float = 0.1
    teacher_weight: float = 0.5  # share of the teacher's answer in the target, when there is a teacher
    average: float = 0.999  # decay of the exponential moving average of the weights

    # augmentation; each face draws anew, uniformly within +- the value
    rotate: float = 10.0  # degrees
    zoom: float = 0.15
    shift: float = 0.1  # of the side
    brightness: float = 0.15  # of 255
    contrast: float = 0.25
    erase: float = 0.3  # chance to blank a rectangle of 2 to 20 % of the picture

    def __post_init__(self) -> None:
        """Raises UsageError for a value that makes no sense, by the name of its flag."""
        for name in ("blocks", "epochs", "batch"):
            self._check(name, getattr(self, name) >= 1, "at least 1")
        self._check("widths", min(self.widths, default=0) >= 1, "one or more numbers of channels, e.g. 24,48")
        for name in ("dropout", "momentum", "label_smoothing", "average", "zoom", "shift"):
            self._check(name, 0 <= getattr(self, name) < 1, "at least 0 and less than 1")
        for name in ("teacher_weight", "brightness", "contrast", "erase"):
            self._check(name, 0 <= getattr(self, name) <= 1, "between 0 and 1")
        for name in ("seed", "learning_rate", "warmup", "weight_decay", "rotate"):
            self._check(name, getattr(self, name) >= 0, "at least 0")

    def _check(self, name: str, good: bool, right: str) -> None:
        if not good:
            raise UsageError(f"--{name.replace('_', '-')} {getattr(self, name)}: must be {right}")

    def save(self, path: Path) -> None:
        """Write the recipe as JSON."""
        path.write_text(json.dumps(dataclasses.asdict(self), indent=2) + "\n")
