"""Keras callbacks that make a run resumable, interruptible and observable."""

from __future__ import annotations

import os
import signal
import tempfile
from pathlib import Path
from types import FrameType
from typing import Any

import keras
import numpy as np

from fer_train.report.progress import write_progress

BYTES_OF_WEIGHT = 4
FILE_OVERHEAD = 2**20  # bytes: names and structure of the files


class Interruptible(keras.callbacks.Callback):
    """Ends the run on Ctrl-C after the current batch; a second Ctrl-C interrupts at once.

    The KeyboardInterrupt of Python's own handler can be raised anywhere: in a destructor or a callback of a library,
    where it is lost, or in one that TensorFlow calls from C++, where it aborts the process.
    """

    def __init__(self) -> None:
        super().__init__()
        self._interrupted = False
        self._previous: Any = signal.SIG_DFL

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        self._previous = signal.signal(signal.SIGINT, self._on_interrupt)

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        if self._interrupted:
            raise KeyboardInterrupt

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        signal.signal(signal.SIGINT, self._previous)

    def _on_interrupt(self, number: int, frame: FrameType | None) -> None:
        if self._interrupted and callable(self._previous):
            self._previous(number, frame)
        self._interrupted = True


class DiskSpace(keras.callbacks.Callback):
    """Ends the run with an OSError, after an epoch, if what is then saved would not fit the disk; the first callback.

    HDF5 crashes the process when it cannot complete a file.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        variables = [*self.model.variables, *self.model.optimizer.variables]
        size = sum(int(np.prod(variable.shape)) for variable in variables) * BYTES_OF_WEIGHT
        with tempfile.TemporaryFile(dir=self._folder) as file:
            os.posix_fallocate(file.fileno(), 0, 2 * size + FILE_OVERHEAD)  # a backup and a checkpoint


class Backup(keras.callbacks.Callback):
    """Saves weights and optimizer after each epoch to one file, which is replaced as a whole.

    keras.callbacks.BackupAndRestore writes in place: a run killed at that moment cannot be resumed.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        draft = self._path.with_name(f"draft-{self._path.name}")
        self.model.save_weights(draft, overwrite=True)
        draft.replace(self._path)


class ProgressPage(keras.callbacks.Callback):
    """Writes report.html anew after each epoch; to be listed after the callback that writes history.csv."""

    def __init__(self, run: Path) -> None:
        super().__init__()
        self._run = run

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        write_progress(self._run)
