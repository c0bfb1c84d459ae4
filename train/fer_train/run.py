"""The folder of a run: what it was told, and where it was when it was cut off."""

from __future__ import annotations

import csv
import dataclasses
import json
import signal
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import keras

from fer_data.data_source import DataSource
from fer_edge.errors import UsageError
from fer_train.recipe import Recipe
from fer_train.reopened import called

BACKUP = "backup.weights.h5"
HISTORY = "history.csv"
MODEL = "model.keras"
RECIPE = "recipe.json"
ORDERS = "run.json"


@dataclass(frozen=True)
class Orders:
    """What a run was told: which faces, how to split them, which recipe, which teachers."""

    source: DataSource
    validation: str | None
    keep_copies: bool
    teachers: tuple[Path, ...]
    recipe: Recipe

    def as_json(self) -> dict[str, Any]:
        """All of it but the recipe, which has a file of its own; paths absolute, so that it can be told again."""
        source = dataclasses.asdict(self.source)
        source |= {name: str(path.absolute()) for name, path in source.items() if isinstance(path, Path)}
        return {
            "source": source,
            "validation": self.validation,
            "keep_copies": self.keep_copies,
            "teachers": [str(path.absolute()) for path in self.teachers],
        }

    def save(self, out: Path) -> None:
        """Write run.json and recipe.json into `out`, a folder that is made if need be. Raises UsageError."""
        try:
            out.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(f"--out {out}: {error.strerror}; give a folder that can be made") from error
        self._check_same(out)
        if not (out / BACKUP).exists():
            (out / ORDERS).write_text(json.dumps({**self.as_json(), "origins": self._origins()}, indent=2) + "\n")
        self.recipe.save(out / RECIPE)

    def _origins(self) -> dict[str, Any]:
        """What it starts from and learns of, by names that still tell when the files have moved or been replaced."""
        return {"weights": called(self.recipe.weights), "teachers": [called(str(path)) for path in self.teachers]}

    def _check_same(self, out: Path) -> None:
        """Raises UsageError when `out` holds a run that was told otherwise; its length alone may differ."""
        if not (out / BACKUP).exists():
            return
        before = _recipe_of(out) | {"epochs": self.recipe.epochs}
        now = json.loads(json.dumps(dataclasses.asdict(self.recipe)))
        other = [f"{name} {before.get(name)}" for name in now if before.get(name) != now[name]]
        told = _read(out / ORDERS)
        now = json.loads(json.dumps(self.as_json()))
        other += [f"{name} {told.get(name)}" for name in now if told.get(name) != now[name]]
        if other:
            raise UsageError(
                f"--out {out}: holds a run with {', '.join(other)}; go on with that (--resume), or take another folder"
            )


def read_orders(run: Path) -> Orders:
    """What the run in a folder was told. Raises UsageError when the folder holds no run."""
    told = _read(run / ORDERS)
    try:
        source = told["source"]
        return Orders(
            DataSource(
                Path(source["data"]),
                Path(source["ferplus"]) if source["ferplus"] else None,
                source["ferplus_as"],
                tuple(source["merge"]),
                tuple(source["classes"]),
            ),
            told["validation"],
            told["keep_copies"],
            tuple(Path(path) for path in told["teachers"]),
            Recipe(**_recipe_of(run)),
        )
    except (KeyError, TypeError) as error:
        raise UsageError(f"{run}: its {ORDERS} or {RECIPE} is not of this version: {error}") from error


def origins_of(run: Path) -> dict[str, Any]:
    """The names of the weights that a run started from, and of its teachers. Raises UsageError without them."""
    try:
        return dict(_read(run / ORDERS)["origins"])
    except KeyError as error:
        raise UsageError(f"{run}: its {ORDERS} is not of this version: {error}") from error


def _recipe_of(run: Path) -> dict[str, Any]:
    return _read(run / RECIPE)


def _read(path: Path) -> dict[str, Any]:
    try:
        told = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise UsageError(f"{path.parent}: not the folder of a run of fer-train fit: {error}") from error
    return told if isinstance(told, dict) else {}


def accuracies(run: Path) -> tuple[float, ...]:
    """The validation accuracy of each whole epoch so far."""
    try:
        with (run / HISTORY).open(newline="") as file:
            return tuple(float(row["val_accuracy"]) for row in csv.DictReader(file))
    except OSError:
        return ()


class Interruptible(keras.callbacks.Callback):
    """Has Ctrl-C heard in any case, at the end of a batch at the latest.

    The KeyboardInterrupt of Python's own handler is lost when it comes in a destructor or a callback of a library.
    """

    def __init__(self) -> None:
        super().__init__()
        self._asked = False

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        before = signal.getsignal(signal.SIGINT)

        def hear(number: int, frame: FrameType | None) -> None:
            self._asked = True
            if callable(before):
                before(number, frame)

        signal.signal(signal.SIGINT, hear)

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        if self._asked:
            raise KeyboardInterrupt


class Backup(keras.callbacks.Callback):
    """Keeps weights and optimizer of the last whole epoch in one file, which is never half written.

    keras.callbacks.BackupAndRestore writes in place: a run killed just then cannot go on.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        draft = self._path.with_name(f"draft-{self._path.name}")
        self.model.save_weights(draft, overwrite=True)
        draft.replace(self._path)
