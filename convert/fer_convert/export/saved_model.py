"""Export to TensorFlow's SavedModel by Keras, run by TensorFlow."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fer_convert.export.tempered import with_temperature
from fer_data.classifiers import Classifier, Classify

LABELS_FILE = "labels.json"  # in the folder of an export: the class names, in output order


def export_saved_model(classifier: Classifier, out: Path) -> Classify:
    """Write a SavedModel folder and its labels.

    Its signature `serving_default` takes float32 [N,48,48,1] of 0..255 and gives float32 probabilities [N,classes].

    Returns:
        What runs the written folder: from uint8 [N,48,48] to probabilities.
    """
    import tensorflow as tf

    with_temperature(classifier).export(str(out), verbose=False)
    write_labels(classifier, out)
    loaded = tf.saved_model.load(str(out))
    run = loaded.signatures["serving_default"]

    def classify(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        (probabilities,) = run(tf.constant(pixels[..., None], tf.float32)).values()
        return np.asarray(probabilities, np.float32)

    return classify


def write_labels(classifier: Classifier, folder: Path) -> None:
    """Write LABELS_FILE into the folder of an export."""
    (folder / LABELS_FILE).write_text(json.dumps(classifier.labels, ensure_ascii=False) + "\n", encoding="utf-8")
