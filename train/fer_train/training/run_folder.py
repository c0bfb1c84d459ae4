"""The folder of a run: its configuration, and what is needed to resume it."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fer_data.data_source import DataSource
from fer_data.readers.ferplus import AS_LABELS
from fer_edge.errors import UsageError
from fer_train.recipe import REASONS, Recipe
from fer_train.report.history import read_epochs
from fer_train.training.quantized_weights import describe_origin

BACKUP = "backup.weights.h5"
HISTORY = "history.csv"
LOGS = "tensorboard"
METRICS = "metrics.json"
MODEL = "model.keras"
RECIPE = "recipe.json"
RUN = "run.json"


@dataclass(frozen=True)
class Fold:
    """The place of a run in a cross-validation: its number, from 1, of `count`."""

    number: int
    count: int

    def __str__(self) -> str:
        return f"fold {self.number} of {self.count}"


@dataclass(frozen=True)
class RunConfig:
    """The configuration of a run.

    Attributes:
        source: The faces.
        validation: A split, or the share of Training to hold out; None: see partition().
        keep_copies: Train on copies of validation faces too.
        teachers: Models whose predictions are part of the targets.
        recipe: The hyper-parameters.
        reasons: Why a hyper-parameter that was not given was chosen, by its name.
        tensorboard: Whether to log for TensorBoard, too; not kept in the folder of the run.
        workers: Processes that make the batches, 0: none but this one; not kept either, since the result is the same.
        fold: The fold, if it is a run of a cross-validation; not kept in the folder of the run.
    """

    source: DataSource
    validation: str | None
    keep_copies: bool
    teachers: tuple[Path, ...]
    recipe: Recipe
    reasons: Mapping[str, str] = field(default_factory=dict)
    tensorboard: bool = False
    workers: int = 0
    fold: Fold | None = None

    def as_json(self) -> dict[str, Any]:
        """All of it except the recipe, which has its own file; paths are absolute, to resume from another folder."""
        source = dataclasses.asdict(self.source)
        source |= {name: str(path.absolute()) for name, path in source.items() if isinstance(path, Path)}
        return {
            "source": source,
            "validation": self.validation,
            "keep_copies": self.keep_copies,
            "teachers": [str(path.absolute()) for path in self.teachers],
        }

    def quantize_command(self, run: Path, *flags: str) -> list[str]:
        """The command, with further flags, that quantizes the model of a run into its folder."""
        source = self.source
        command = ["fer-convert", "quantize", str(run / MODEL), "--data", str(source.data)]
        if source.ferplus and source.ferplus_as == AS_LABELS:
            command += ["--ferplus", str(source.ferplus)]
        return [*command, *flags, "--out", str(run / "fer.tflite")]

    def save(self, out: Path, faces: Mapping[str, Any]) -> None:
        """Write run.json and recipe.json into `out`, a folder that is created if necessary.

        Args:
            out: The folder of the run.
            faces: The numbers of training and of validation faces, by split and class.

        Raises:
            UsageError: The folder cannot be created, or holds another run.
        """
        try:
            out.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(f"--out {out}: {error.strerror}", cure="give a folder that can be created") from error
        self._check_same(out)
        if not (out / BACKUP).exists():
            content = {**self.as_json(), "faces": faces, "origins": self._origins()}
            (out / RUN).write_text(json.dumps(content, indent=2) + "\n")
        self.recipe.save(out / RECIPE, self.reasons)

    def _origins(self) -> dict[str, Any]:
        """The initial weights and the teachers, by names that stay valid when the files are moved or replaced."""
        return {
            "weights": describe_origin(self.recipe.weights),
            "teachers": [describe_origin(str(path)) for path in self.teachers],
        }

    def _check_same(self, out: Path) -> None:
        """Raises UsageError when `out` holds a run of another configuration; only the number of epochs may differ."""
        if not (out / BACKUP).exists():
            return
        recipe = json.loads(json.dumps(dataclasses.asdict(self.recipe)))
        config = json.loads(json.dumps(self.as_json()))
        previous = _read_json(out / RECIPE) | {"epochs": self.recipe.epochs}
        given = {name: value for name, value in recipe.items() if name not in self.reasons}
        different = _differences(previous, given) + _differences(_read_json(out / RUN), config)
        different = different or _differences(previous, recipe)  # values that follow from others are no news
        if different:
            raise UsageError(
                f"--out {out}: holds a run with {', '.join(different)}",
                cure="resume it (--resume), or give another folder",
            )


def _differences(previous: dict[str, Any], current: dict[str, Any]) -> list[str]:
    return [f"{name} {previous.get(name)}" for name in current if previous.get(name) != current[name]]


def read_config(run: Path) -> RunConfig:
    """The configuration of the run in a folder. Raises UsageError when the folder holds no run."""
    config, recipe = _read_json(run / RUN), _read_json(run / RECIPE)
    reasons = recipe.pop(REASONS, {})
    try:
        source = config["source"]
        return RunConfig(
            DataSource(
                Path(source["data"]),
                Path(source["ferplus"]) if source["ferplus"] else None,
                source["ferplus_as"],
                tuple(source["merge"]),
                tuple(source["classes"]),
            ),
            config["validation"],
            config["keep_copies"],
            tuple(Path(path) for path in config["teachers"]),
            Recipe(**recipe),
            reasons,
        )
    except (KeyError, TypeError) as error:
        raise UsageError(f"{run}: its {RUN} or {RECIPE} is of another version: {error}") from error


def read_origins(run: Path) -> dict[str, Any]:
    """The names of the initial weights and the teachers of a run. Raises UsageError when they are missing."""
    try:
        return dict(_read_json(run / RUN)["origins"])
    except KeyError as error:
        raise UsageError(f"{run}: its {RUN} is of another version: {error}") from error


def read_accuracies(run: Path) -> tuple[float, ...]:
    """The validation accuracy of each complete epoch so far."""
    return tuple(epoch["val_accuracy"] for epoch in read_epochs(run / HISTORY))


def read_facts(run: Path) -> dict[str, Any]:
    """The facts about the training in the metrics.json of a run: its seconds and the epoch that was taken."""
    try:
        metrics = json.loads((run / METRICS).read_text())
    except (OSError, ValueError):
        return {}
    return {name: metrics[name] for name in ("seconds", "epoch") if name in metrics}


def _read_json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text())
    except (OSError, ValueError, RecursionError) as error:
        raise UsageError(f"{path.parent}: not the folder of a run of fer-train fit: {error}") from error
    if not isinstance(content, dict):
        raise UsageError(f"{path.parent}: not the folder of a run of fer-train fit: {path.name} holds no settings")
    return content
