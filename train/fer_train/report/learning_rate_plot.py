"""The plot of a learning rate range test."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.figure import Figure

from fer_data.plotting import new_figure

VISIBLE_LOSS = 1.5  # times the first loss; beyond it, divergence would flatten the rest


def learning_rate_plot(
    rates: Sequence[float], losses: Sequence[float], smoothed: Sequence[float], suggested: float, current: float
) -> Figure:
    """The loss by learning rate, with the rate that is suggested and the one that the recipe would use."""
    figure = new_figure(8, 4.5)
    axes = figure.subplots()
    axes.plot(rates, losses, color="tab:blue", alpha=0.3, label="loss of each step")
    axes.plot(rates, smoothed, color="tab:blue", label="moving average")
    axes.axvline(suggested, color="black", linestyle="--", linewidth=1, label=f"suggested: {suggested:g}")
    axes.axvline(current, color="grey", linestyle=":", label=f"of the recipe: {current:g}")
    axes.set(xscale="log", xlabel="learning rate", ylabel="loss of the batch")
    axes.set_ylim(0, VISIBLE_LOSS * smoothed[0])
    axes.grid(alpha=0.3)
    figure.legend(loc="outside lower center", ncols=4, fontsize=9)
    return figure
