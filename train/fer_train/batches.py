"""Faces from memory to the network, augmented on the way."""

from __future__ import annotations

import keras
import numpy as np
from numpy.typing import NDArray

from .augment import augment
from .recipe import Recipe

Batch = tuple[NDArray[np.float32], NDArray[np.float32]]


class Batches(keras.utils.PyDataset):
    """Shuffled, augmented batches: float32 [batch,48,48,1] of 0..255 and targets float32 [batch,classes].

    A PyDataset, since it feeds every Keras backend alike. What a batch holds depends on the seed, the epoch and its
    number alone, so that a run can be repeated whatever the threads do.
    """

    def __init__(self, pixels: NDArray[np.uint8], targets: NDArray[np.float32], recipe: Recipe, epoch: int = 0) -> None:
        super().__init__(workers=1)
        self._pixels, self._targets, self._recipe = pixels, targets, recipe
        self._epoch = epoch - 1
        self.on_epoch_end()

    def __len__(self) -> int:
        return len(self._pixels) // self._recipe.batch

    def __getitem__(self, index: int) -> Batch:
        rng = np.random.default_rng((self._recipe.seed, self._epoch, index))
        chosen = self._order[index * self._recipe.batch : (index + 1) * self._recipe.batch]
        faces = np.stack([augment(face, self._recipe, rng) for face in self._pixels[chosen]])
        return faces[..., None].astype(np.float32), self._targets[chosen]

    def on_epoch_end(self) -> None:
        self._epoch += 1
        self._order = np.random.default_rng((self._recipe.seed, self._epoch)).permutation(len(self._pixels))


def probabilities(model: keras.Model, pixels: NDArray[np.uint8], batch: int = 256) -> NDArray[np.float32]:
    """What `model` says of faces, uint8 [N,48,48]: float32 [N,classes].

    Plain calls, since Model.predict within a callback takes the weights away from a JAX run that is under way.
    """
    faces = pixels[..., None].astype(np.float32)
    parts = [model(faces[start : start + batch], training=False) for start in range(0, len(faces), batch)]
    return np.concatenate([keras.ops.convert_to_numpy(part) for part in parts])
