"""Batches of augmented faces for the network."""

from __future__ import annotations

import keras
import numpy as np
from numpy.typing import NDArray

from fer_train.recipe import Recipe
from fer_train.training.augmentation import augment

Batch = tuple[NDArray[np.float32], NDArray[np.float32]]


class Batches(keras.utils.PyDataset):
    """Shuffled, augmented batches: faces float32 [batch,48,48,1] of 0..255 and targets float32 [batch,...].

    An epoch contains every face; its last batch is filled up with faces from its beginning, augmented differently, so
    that all batches have the same size.

    It is a PyDataset, which feeds every Keras backend. It holds the batches of all epochs from `first_epoch` on in one
    sequence, `steps` for each epoch, to be used with steps_per_epoch: Keras requests the first batches of an epoch
    before it reports the end of the previous one. The contents of a batch depend only on the seed and its number, so
    that a run can be repeated and resumed whatever the threads do. Each face has its own random numbers, so that
    several processes, each with its `share` of every batch, produce the batches of a single one.
    """

    def __init__(
        self,
        pixels: NDArray[np.uint8],
        targets: NDArray[np.float32],
        recipe: Recipe,
        first_epoch: int = 0,
        share: tuple[int, int] = (0, 1),
    ) -> None:
        """Prepare batches; they are computed when they are requested.

        Args:
            pixels: Faces, uint8 [N,48,48].
            targets: float32 [N,...].
            recipe: Batch size, epochs, seed and augmentation.
            first_epoch: The epoch, from 0, to which the first batch belongs.
            share: Index and number of the processes that share every batch.
        """
        super().__init__(workers=1)
        self._pixels, self._targets, self._recipe, self._share = pixels, targets, recipe, share
        self._first_epoch = first_epoch
        self.size = recipe.batch // share[1]
        self.steps = recipe.steps(len(pixels))

    def __len__(self) -> int:
        return self.steps * max(0, self._recipe.epochs - self._first_epoch)

    def __getitem__(self, index: int) -> Batch:
        epoch, number = divmod(index + self.steps * self._first_epoch, self.steps)
        faces, targets = self._batch(epoch, number)
        if self._recipe.mixup:  # Zhang et al., arXiv:1710.09412
            rng = np.random.default_rng((self._recipe.seed, epoch, number, 1))
            share = max(weight := float(rng.beta(self._recipe.mixup, self._recipe.mixup)), 1 - weight)
            other_faces, other_targets = self._batch(epoch, (number + 1) % self.steps)
            faces = share * faces + (1 - share) * other_faces
            targets = share * targets + (1 - share) * other_targets
        return faces.astype(np.float32), targets.astype(np.float32)

    def faces(self, number: int) -> NDArray[np.float32]:
        """The augmented faces of a batch of the first epoch, float32 [batch,48,48,1], without mixup."""
        return self._batch(0, number)[0]

    def _batch(self, epoch: int, number: int) -> Batch:
        """This process's share of a batch, before mixup."""
        size, first = self.size, number * self._recipe.batch + self._share[0] * self.size
        places = range(first, first + size)
        chosen = self._order(epoch)[np.asarray(places) % len(self._pixels)]
        seeds = ((self._recipe.seed, epoch, place) for place in places)
        augmented = [
            augment(self._pixels[face], self._recipe, np.random.default_rng(seed))
            for face, seed in zip(chosen, seeds, strict=True)
        ]
        return np.stack(augmented)[..., None].astype(np.float32), self._targets[chosen]

    def _order(self, epoch: int) -> NDArray[np.int64]:
        return np.random.default_rng((self._recipe.seed, epoch)).permutation(len(self._pixels))
