"""The predictions of a Keras model for faces."""

from __future__ import annotations

import keras
import numpy as np
from numpy.typing import NDArray


def probabilities(model: keras.Model, pixels: NDArray[np.uint8], batch: int = 256) -> NDArray[np.float32]:
    """The output of `model`, float32 [N,classes], for faces uint8 [N,48,48].

    It calls the model directly, since Model.predict within a callback takes the weights away from a JAX run that is
    under way.
    """
    faces = pixels[..., None].astype(np.float32)
    parts = [model(faces[start : start + batch], training=False) for start in range(0, len(faces), batch)]
    return np.concatenate([keras.ops.convert_to_numpy(part) for part in parts])
