"""The contents of the batches: shuffled, augmented faces and their targets, without Keras."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fer_train.recipe import Recipe
from fer_train.training.augmentation import augment

Batch = tuple[NDArray[np.float32], NDArray[np.float32]]


class BatchMaker:
    """Makes the batches of a run, each by itself and in any order.

    The contents of a batch depend only on the seed, the epoch and its number, so that a run can be repeated and resumed
    whatever the threads and processes do. Each face has its own random numbers, so that several machines, each with its
    `share` of every batch, produce the batches of a single one.

    Attributes:
        size: Faces in this process's share of a batch.
        steps: Batches in an epoch.
    """

    def __init__(
        self,
        pixels: NDArray[np.uint8],
        targets: NDArray[np.float32],
        recipe: Recipe,
        share: tuple[int, int] = (0, 1),
    ) -> None:
        """Prepare batches.

        Args:
            pixels: Faces, uint8 [N,48,48].
            targets: float32 [N,...].
            recipe: Batch size, seed and augmentation.
            share: Index and number of the processes that share every batch.
        """
        self._pixels, self._targets, self._recipe, self._share = pixels, targets, recipe, share
        self.size = recipe.batch // share[1]
        self.steps = recipe.steps(len(pixels))

    def make(self, epoch: int, number: int) -> Batch:
        """A batch: faces float32 [batch,48,48,1] of 0..255 and targets float32 [batch,...].

        The last batch of an epoch is filled up with faces from its beginning, augmented differently.
        """
        faces, targets = self.without_mixup(epoch, number)
        if self._recipe.mixup:  # Zhang et al., arXiv:1710.09412
            rng = np.random.default_rng((self._recipe.seed, epoch, number, 1))
            share = max(weight := float(rng.beta(self._recipe.mixup, self._recipe.mixup)), 1 - weight)
            other_faces, other_targets = self.without_mixup(epoch, (number + 1) % self.steps)
            faces = share * faces + (1 - share) * other_faces
            targets = share * targets + (1 - share) * other_targets
        return faces.astype(np.float32), targets.astype(np.float32)

    def without_mixup(self, epoch: int, number: int) -> Batch:
        """The same batch before its faces are mixed with those of another one."""
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
