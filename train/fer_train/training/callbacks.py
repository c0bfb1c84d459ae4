"""Keras callbacks that make a run resumable and interruptible."""

from __future__ import annotations

import signal
from pathlib import Path
from types import FrameType
from typing import Any

import keras


class Interruptible(keras.callbacks.Callback):
    """Ends the run on Ctrl-C at the end of a batch at the latest.

    The KeyboardInterrupt of Python's own handler is lost when it is raised in a destructor or a callback of a library.
    """

    def __init__(self) -> None:
        super().__init__()
        self._interrupted = False

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        previous = signal.getsignal(signal.SIGINT)

        def on_interrupt(number: int, frame: FrameType | None) -> None:
            self._interrupted = True
            if callable(previous):
                previous(number, frame)

        signal.signal(signal.SIGINT, on_interrupt)

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        if self._interrupted:
            raise KeyboardInterrupt


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
