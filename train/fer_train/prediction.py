"""The predictions of a Keras model for faces."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

Predict = Callable[[NDArray[np.float32]], Any]


def probabilities(model: Predict, pixels: NDArray[np.uint8], batch: int = 256) -> NDArray[np.float32]:
    """The output, float32 [N,classes], for faces uint8 [N,48,48], of a network or of what `compile_call` returns.

    It calls the model directly, since Model.predict within a callback takes the weights away from a JAX run that is
    under way. The last batch is filled up, so that a compiled call is compiled once.
    """
    size = min(batch, len(pixels))
    parts = []
    for start in range(0, len(pixels), batch):
        faces = pixels[start : start + batch]
        padded = np.pad(faces, ((0, size - len(faces)), (0, 0), (0, 0)))
        output = model(padded[..., None].astype(np.float32))
        parts.append(keras.ops.convert_to_numpy(output)[: len(faces)])
    return np.concatenate(parts)


def compile_call(model: keras.Model, *, training: bool = False) -> Predict:
    """A function that calls `model` with the weights that it has then, compiled where calls are slow otherwise.

    On JAX each operation of a plain call is sent to the device by itself. With `training`, the moving statistics of
    batch normalisation are updated, as in a plain call.
    """
    if keras.backend.backend() != "jax":
        return lambda faces: model(faces, training=training)
    import jax

    call = jax.jit(
        lambda trained, others, faces: model.stateless_call(trained, others, faces, training=training),
    )

    def run(faces: NDArray[np.float32]) -> Any:
        others = model.non_trainable_variables
        output, values = call([v.value for v in model.trainable_variables], [v.value for v in others], faces)
        if training:
            for variable, value in zip(others, values, strict=True):
                variable.assign(value)
        return output

    return run
