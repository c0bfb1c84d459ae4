"""The parts of a plot that trainer and converter share. Needs matplotlib, which is on a host and not on the device."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

LONGEST = 16


def new_figure(width: float, height: float) -> Figure:
    """An empty figure; sizes in inches. A page shows about nine across."""
    return Figure(figsize=(width, height), layout="compressed")


def short(name: str) -> str:
    """The name of a class, cut where it would not fit an axis."""
    return name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…"


def draw_matrix(axes: Axes, values: NDArray[Any], most: float, classes: Sequence[str], title: str) -> None:
    """Values [classes,classes] as numbers and as shades, the darkest for `most`. Rows: true class, columns: said."""
    axes.imshow(values, cmap="Blues", vmin=0, vmax=max(1, most))
    names = [short(name) for name in classes]
    axes.set_xticks(range(len(names)), names, rotation=45, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(len(names)), names)
    axes.set_xlabel("said")
    axes.set_title(title, fontsize=10)
    size = 8 if len(names) > 5 else 11
    for (row, column), value in np.ndenumerate(values):
        colour = "white" if value > 0.5 * most else "black" if value else "silver"
        axes.text(column, row, f"{value:.0f}", ha="center", va="center", color=colour, fontsize=size)
