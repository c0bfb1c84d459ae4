"""Batches of augmented faces for the network."""

from __future__ import annotations

import keras
import numpy as np
from numpy.typing import NDArray

from fer_edge.errors import FerError
from fer_train.recipe import Recipe
from fer_train.training.batch_maker import Batch, BatchMaker
from fer_train.training.batch_processes import BatchProcesses


class Batches(keras.utils.PyDataset):
    """Shuffled, augmented batches: faces float32 [batch,48,48,1] of 0..255 and targets float32 [batch,...].

    An epoch contains every face, and all batches have the same size; see BatchMaker.

    It is a PyDataset, which feeds every Keras backend. It holds the batches of all epochs from `first_epoch` on in one
    sequence, `steps` for each epoch, to be used with steps_per_epoch: Keras requests the first batches of an epoch
    before it reports the end of the previous one.
    """

    def __init__(
        self,
        pixels: NDArray[np.uint8],
        targets: NDArray[np.float32],
        recipe: Recipe,
        first_epoch: int = 0,
        share: tuple[int, int] = (0, 1),
        workers: int = 0,
    ) -> None:
        """Prepare batches; they are computed when they are requested.

        Args:
            pixels: Faces, uint8 [N,48,48].
            targets: float32 [N,...].
            recipe: Batch size, epochs, seed and augmentation.
            first_epoch: The epoch, from 0, to which the first batch belongs.
            share: Index and number of the processes that share every batch.
            workers: Processes that make the batches, which are ended by `close`; 0: a thread of this one does.
        """
        super().__init__(workers=1)  # with more, Keras begins anew in each epoch
        self._maker = BatchMaker(pixels, targets, recipe, share)
        self._processes = BatchProcesses(self._maker, workers) if workers else None
        self._first_epoch, self._epochs = first_epoch, recipe.epochs
        self.size, self.steps = self._maker.size, self._maker.steps

    def __len__(self) -> int:
        return self.steps * max(0, self._epochs - self._first_epoch)

    def __getitem__(self, index: int) -> Batch:
        epoch, number = divmod(index + self.steps * self._first_epoch, self.steps)
        return (self._processes or self._maker).make(epoch, number)

    def faces(self, number: int) -> NDArray[np.float32]:
        """The augmented faces of a batch of the first epoch, float32 [batch,48,48,1], without mixup."""
        return self._maker.without_mixup(0, number)[0]

    @property
    def error(self) -> FerError | None:
        """What making a batch in another process has raised."""
        return self._processes.error if self._processes else None

    def close(self) -> None:
        """End the processes that make the batches."""
        if self._processes:
            self._processes.close()
