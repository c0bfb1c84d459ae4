"""A Keras model whose output is at the temperature of its run, as an export must give it."""

from __future__ import annotations

from typing import Any

from fer_data.classifiers import Classifier
from fer_edge.inference.temperature import HALF_STEP


def with_temperature(classifier: Classifier) -> Any:
    """The Keras model of `classifier`, with `fer_edge.inference.temperature.apply_temperature` as its last layers."""
    import keras

    model = classifier.model
    if classifier.temperature == 1:
        return model
    logits = keras.ops.log(keras.ops.maximum(model.output, HALF_STEP)) / classifier.temperature
    return keras.Model(model.inputs, keras.layers.Softmax()(logits), name=model.name)
