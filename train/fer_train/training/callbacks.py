"""Keras callbacks that make a run resumable and interruptible."""

from __future__ import annotations

import signal
from pathlib import Path
from types import FrameType
from typing import Any

import keras


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
