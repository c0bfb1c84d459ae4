"""What the network is asked to say of each face."""

from __future__ import annotations

import keras
import numpy as np
from numpy.typing import NDArray

from .batches import probabilities


def one_hot(labels: NDArray[np.int64], classes: int, smoothing: float) -> NDArray[np.float32]:
    """Targets float32 [N,classes]: the label's class, less `smoothing` spread evenly over all."""
    return ((1 - smoothing) * np.eye(classes)[labels] + smoothing / classes).astype(np.float32)


def taught(
    targets: NDArray[np.float32], pixels: NDArray[np.uint8], teacher: keras.Model, weight: float
) -> NDArray[np.float32]:
    """Targets that lean with `weight` on what `teacher` says of the faces, uint8 [N,48,48], and their mirror images.

    A network that saw all faces knows more of a doubtful one than its single label tells (Furlanello et al.,
    arXiv:1805.04770); it is asked once a face, not once a batch.
    """
    said = (probabilities(teacher, pixels) + probabilities(teacher, pixels[:, :, ::-1])) / 2
    return np.asarray((1 - weight) * targets + weight * said, np.float32)
