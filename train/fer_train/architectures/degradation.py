"""Faces as a poor camera shows them: blurred, as if they were far away or out of focus, and with noise."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops

BLURS = (0.8, 1.4, 2.2)  # standard deviations, pixels: about those of a face 28, 18 and 12 pixels wide
RADIUS = 5  # pixels of the largest one that count
MAX_NOISE = 16.0  # standard deviation, grey levels


class Degradation(keras.layers.Layer):
    """Degrades some faces while the network is trained.

    It is a part of the network and not of the data, so that teachers see the faces before it.

    Attributes:
        rate: The share of the faces that are degraded, 0..1.
        seed_generator: The state of its random numbers, of which a batch takes one.
    """

    def __init__(self, rate: float, **options: Any) -> None:
        super().__init__(dtype="float32", **options)
        self.rate, self.seed_generator = rate, keras.random.SeedGenerator()

    def call(self, faces: Any, training: bool = False) -> Any:
        """Faces float32 [batch,H,W,1] of 0..255, some of them degraded; all as they are when not training."""
        if not training:
            return faces
        _, height, width, _ = faces.shape
        numbers = keras.random.uniform((ops.shape(faces)[0], height * width + 3), seed=self.seed_generator)
        numbers, noise = ops.split(numbers, [3], axis=1)
        is_degraded = ops.cast(numbers[:, :1] < self.rate, "float32")
        blur = ops.cast(ops.floor(numbers[:, 1] * len(BLURS)), "int32")
        shares = is_degraded * ops.one_hot(blur, len(BLURS))
        shares = ops.concatenate([shares, 1 - is_degraded], axis=1)[:, None, None]
        views = ops.concatenate([_blurred(faces), faces], axis=-1)
        amplitude = is_degraded * numbers[:, 2:] * MAX_NOISE * np.sqrt(12)  # of uniform noise of that deviation
        noise = ops.reshape(amplitude * (noise - 0.5), (-1, height, width, 1))
        return ops.clip(ops.sum(views * shares, axis=-1, keepdims=True) + noise, 0.0, 255.0)


def _blurred(faces: Any) -> Any:
    """The faces, [batch,H,W,1], with each blur, [batch,H,W,len(BLURS)]."""
    offsets = np.arange(-RADIUS, RADIUS + 1)
    rows = [np.exp(-(offsets**2) / (2 * deviation**2)) for deviation in BLURS]
    kernels = np.stack([np.outer(row, row) / row.sum() ** 2 for row in rows], axis=-1)
    padded = ops.pad(faces, ((0, 0), (RADIUS, RADIUS), (RADIUS, RADIUS), (0, 0)), mode="reflect")
    return ops.conv(padded, kernels[:, :, None].astype(np.float32), padding="valid")
