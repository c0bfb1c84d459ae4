"""Parts of plots that the trainer and the converter share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

MAX_LABEL = 16  # characters of a class name on an axis


def new_figure(width: float, height: float) -> Figure:
    """An empty figure, sizes in inches; a page is about nine inches wide."""
    return Figure(figsize=(width, height), layout="compressed")


def short(name: str) -> str:
    """The name of a class, cut to what fits an axis."""
    return name if len(name) <= MAX_LABEL else f"{name[: MAX_LABEL - 1]}…"


def draw_matrix(axes: Axes, values: NDArray[Any], darkest: float, classes: Sequence[str], title: str) -> None:
    """Draw a confusion matrix, values [classes,classes], as numbers on shades of blue, the darkest for `darkest`."""
    axes.imshow(values, cmap="Blues", vmin=0, vmax=max(1, darkest))
    names = [short(name) for name in classes]
    axes.set_xticks(range(len(names)), names, rotation=45, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(len(names)), names)
    axes.set_xlabel("predicted class")
    axes.set_title(title, fontsize=10)
    size = 8 if len(names) > 5 else 11
    for (row, column), value in np.ndenumerate(values):
        colour = "white" if value > 0.5 * darkest else "black" if value else "silver"
        axes.text(column, row, f"{value:.0f}", ha="center", va="center", color=colour, fontsize=size)
