"""The recipe: every hyper-parameter of a training run; saved beside the model as `recipe.json`."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, get_type_hints

from fer_edge.errors import UsageError
from fer_train.architectures.registry import ARCHITECTURES

NO_WEIGHTS = "none"
REASONS = "reasons"  # key in recipe.json: why a value that was not given was chosen, by its name
PRECISIONS = ("float32", "mixed_bfloat16")
AUGMENTATIONS: dict[str, dict[str, float]] = {  # by --augment, the values that differ from the defaults
    "none": dict.fromkeys(
        ("mirror", "rotate", "zoom", "shift", "brightness", "contrast", "noise", "degrade", "erase"), 0.0
    ),
    "light": {"rotate": 5.0, "zoom": 0.08, "shift": 0.05, "brightness": 0.08, "contrast": 0.12, "erase": 0.0},
    "full": {},
}


@dataclass(frozen=True)
class Recipe:
    """The hyper-parameters of a run; two runs of one recipe on one machine give the same model.

    The defaults are those of a large set: `training.recipe_defaults` adapts them to the number of faces.

    The annotation of each field holds its help text; see `help_texts`.
    """

    seed: Annotated[int, "seed of the random numbers"] = 1

    # model
    model: Annotated[str, "architecture of the network"] = "base"
    dropout: Annotated[float, "dropout rate before the last layer"] = 0.2
    weights: Annotated[
        str, "initial weights: none, imagenet, a .h5 of keras.applications, a model.keras, a .tflite, or base"
    ] = NO_WEIGHTS
    head_epochs: Annotated[
        int, "with initial weights: epochs in which only the last layer is trained, before all layers are"
    ] = 5
    keep_initial: Annotated[
        float, "with initial weights: share of them that is mixed into the trained ones at the end"
    ] = 0.0
    precision: Annotated[
        str, "of the computations; mixed_bfloat16 is a third faster on a CPU or GPU that supports it"
    ] = "float32"

    # optimisation
    epochs: Annotated[int, "passes over the training faces"] = 70
    batch: Annotated[int, "faces in one step"] = 128
    learning_rate: Annotated[float, "peak learning rate, with cosine decay to zero"] = 0.1
    warmup: Annotated[float, "epochs of linear rise to the peak learning rate"] = 2.0
    momentum: Annotated[float, "Nesterov momentum"] = 0.9
    weight_decay: Annotated[float, "decoupled weight decay; multiplied by the learning rate at each step"] = 5e-4
    average: Annotated[float, "momentum of the exponential moving average of the weights"] = 0.999
    patience: Annotated[
        int, "stop after this many epochs without a better validation accuracy and use the best; 0: never"
    ] = 0

    # targets
    label_smoothing: Annotated[float, "share of the target that is spread over all classes"] = 0.1
    class_weights: Annotated[float, "1: rare classes count as much as common ones; 0: every face counts the same"] = 0.0
    teacher_weight: Annotated[float, "with teachers: share of their prediction in the targets"] = 0.5
    hints_weight: Annotated[float, "with hints (FER+ votes beside the labels): weight of the second task"] = 1.0

    # augmentation; drawn for each face, uniformly within +- the value
    augment: Annotated[str, "how much the training faces are changed, by the values below that are not given"] = "full"
    mirror: Annotated[float, "probability of mirroring a face"] = 0.5
    rotate: Annotated[float, "largest rotation, in degrees"] = 10.0
    zoom: Annotated[float, "largest relative change of the size"] = 0.15
    shift: Annotated[float, "largest shift, as a share of the side"] = 0.1
    brightness: Annotated[float, "largest change of brightness, as a share of 255"] = 0.15
    contrast: Annotated[float, "largest relative change of contrast"] = 0.25
    noise: Annotated[float, "largest standard deviation of the noise, as a share of 255"] = 0.0
    degrade: Annotated[float, "probability of blur and noise, as in the picture of a distant face in poor light"] = 0.0
    erase: Annotated[float, "probability of erasing a rectangle of 2 to 20 % of the picture"] = 0.3
    mixup: Annotated[float, "alpha of the Beta distribution of the share in which two faces are mixed; 0: none"] = 0.0

    def __post_init__(self) -> None:
        """Raises UsageError for a value out of range, with the name of its flag."""
        self._check("model", self.model in ARCHITECTURES, f"one of {', '.join(ARCHITECTURES)}")
        self._check("precision", self.precision in PRECISIONS, f"one of {', '.join(PRECISIONS)}")
        self._check("augment", self.augment in AUGMENTATIONS, f"one of {', '.join(AUGMENTATIONS)}")
        for name in ("epochs", "batch"):
            self._check(name, getattr(self, name) >= 1, "at least 1")
        for name in ("dropout", "keep_initial", "momentum", "label_smoothing", "average", "zoom", "shift"):
            self._check(name, 0 <= getattr(self, name) < 1, "at least 0 and less than 1")
        for name in (
            "class_weights",
            "teacher_weight",
            "brightness",
            "contrast",
            "noise",
            "degrade",
            "erase",
            "mirror",
        ):
            self._check(name, 0 <= getattr(self, name) <= 1, "between 0 and 1")
        at_least_0 = ("seed", "head_epochs", "learning_rate", "warmup", "weight_decay", "patience", "hints_weight")
        for name in (*at_least_0, "rotate", "mixup"):
            self._check(name, 0 <= getattr(self, name) < float("inf"), "at least 0")

    def _check(self, name: str, valid: bool, expected: str) -> None:
        if not valid:
            raise UsageError(f"--{name.replace('_', '-')} {getattr(self, name)}: must be {expected}")

    def steps(self, faces: int) -> int:
        """The number of batches in an epoch of so many faces; the last one is filled up."""
        return math.ceil(faces / self.batch)

    def save(self, path: Path, reasons: Mapping[str, str] | None = None) -> None:
        """Write the recipe as JSON, with the reasons for its values under `reasons`, if any are known."""
        content = dataclasses.asdict(self) | ({REASONS: dict(reasons)} if reasons else {})
        path.write_text(json.dumps(content, indent=2) + "\n")


def help_texts() -> dict[str, str]:
    """The help text of each field of a recipe, by its name."""
    return {name: hint.__metadata__[0] for name, hint in get_type_hints(Recipe, include_extras=True).items()}
