"""The most confident mistakes of a model, each beside the evidence for its prediction."""

from __future__ import annotations

import keras
import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from fer_data.dataset import FaceSet
from fer_data.plotting import mark_direction, new_figure, short
from fer_train.report.activation_maps import activation_maps

MAX_FACES = 24
WIDTH, TITLE_HEIGHT = 9.6, 0.45  # inches


def mistakes(model: keras.Model | None, faces: FaceSet, probabilities: NDArray[np.float32]) -> Figure:
    """The misclassified faces, by probabilities [N,classes], with the highest confidence; up to 24.

    If there is a model, and it has activation maps, each face is followed by that of the predicted class.
    """
    predicted, confidence = probabilities.argmax(axis=1), probabilities.max(axis=1)
    wrong = np.flatnonzero(predicted != faces.labels)
    chosen = wrong[np.argsort(-confidence[wrong], kind="stable")][:MAX_FACES]
    maps = activation_maps(model, faces.pixels[chosen], predicted[chosen]) if model else None
    pictures, columns = (1, 6) if maps is None else (2, 8)  # of each face; in a row
    rows = max(1, -(-len(chosen) * pictures // columns))
    side = WIDTH / columns
    figure = new_figure(WIDTH, (side + TITLE_HEIGHT) * rows)
    grid = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes in grid:
        axes.set_axis_off()
    for index, face in enumerate(chosen):
        own = grid[pictures * index : pictures * (index + 1)]
        for axes in own:
            axes.imshow(faces.pixels[face], cmap="gray", vmin=0, vmax=255)
        true, answer = (mark_direction(short(faces.classes[label])) for label in (faces.labels[face], predicted[face]))
        own[0].set_title(f"{true} →\n{answer} {100 * confidence[face]:.0f} %", fontsize=8)
        if maps is not None:
            own[1].imshow(maps[index], cmap="inferno", vmin=0, vmax=1, alpha=0.55)
    if not len(chosen):
        figure.suptitle(f"no mistake in {len(faces)} faces", y=0.5)
    return figure
