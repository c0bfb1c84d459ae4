"""The plot of a learning rate range test."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import cycle

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from fer_data.plotting import new_figure

Values = NDArray[np.float64]  # [steps]

VISIBLE_LOSS = 1.5  # times the first loss; beyond it, divergence would flatten the rest


def learning_rate_plot(rates: Values, losses: Values, smoothed: Values, marked: Mapping[str, float]) -> Figure:
    """The losses of steps and their moving average by learning rate, with a line at each of the `marked` rates."""
    figure = new_figure(8, 4.5)
    axes = figure.subplots()
    axes.plot(rates, losses, color="tab:blue", alpha=0.3, label="loss of each step")
    axes.plot(rates, smoothed, color="tab:blue", label="moving average")
    for (name, rate), style in zip(marked.items(), cycle(("--", ":")), strict=False):
        axes.axvline(rate, color="black", linestyle=style, linewidth=1, label=f"{name}: {rate:g}")
    axes.set(xscale="log", xlabel="learning rate", ylabel="loss of the batch")
    axes.set_ylim(0, VISIBLE_LOSS * smoothed[0])
    axes.grid(alpha=0.3)
    figure.legend(loc="outside lower center", ncols=4, fontsize=9)
    return figure
