"""Contact sheets of faces, and the distribution of a data set, as PNG files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from fer_data.dataset import SIDE, FaceSet
from fer_data.fonts import drawable
from fer_data.plotting import mark_direction, save_figure, short

FACE_INCHES = 0.85  # width of a face on a sheet
GAP = 6  # pixels between faces
CAPTION = 18  # pixels below a face, for two lines
MAX_TICKS = 90  # characters that fit below a chart in one line


def draw_balance(counts: dict[str, dict[str, int]], out: Path) -> None:
    """Write a bar chart of the number of faces by class, with a bar for each split."""
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    axes = figure.subplots()
    classes = list(next(iter(counts.values())))
    width = 0.8 / len(counts)
    for number, (split, row) in enumerate(counts.items()):
        left = np.arange(len(classes)) + (number - (len(counts) - 1) / 2) * width
        bars = axes.bar(
            left, list(row.values()), width, label=mark_direction(f"{short(split)} ({sum(row.values()):,})")
        )
        axes.bar_label(bars, fmt="{:,.0f}", fontsize=7, padding=1)
    names = [short(name) for name in classes]
    axes.set_xticks(range(len(names)), names)
    if len(names) * max(map(len, names)) > MAX_TICKS:
        axes.tick_params("x", labelrotation=30, labelrotation_mode="xtick")
    axes.set(ylabel="faces")
    axes.spines[["top", "right"]].set_visible(False)
    figure.legend(loc="outside upper right", ncols=4)
    save_figure(figure, out)


def draw_sizes(sizes: NDArray[np.int64], out: Path) -> None:
    """Write a histogram of the shorter sides of the originals, sizes int64 [N,2]."""
    figure = Figure(figsize=(9, 2.6), layout="constrained")
    axes = figure.subplots()
    shorter = sizes.min(axis=1)
    low, high = max(1, int(shorter.min())), int(shorter.max()) + 1
    axes.hist(shorter, bins=np.geomspace(low, max(high, low + 1), 40).tolist())
    ticks = [tick for tick in (3 * 2**step for step in range(13)) if low <= tick <= high]
    axes.set(xscale="log", xlabel="shorter side of the original, pixels", ylabel="pictures")
    axes.set_xticks([], minor=True)
    axes.set_xticks(ticks or [low], [f"{tick:g}" for tick in ticks or [low]])
    axes.spines[["top", "right"]].set_visible(False)
    save_figure(figure, out)


def draw_samples(faces: FaceSet, out: Path, columns: int = 14, seed: int = 0) -> None:
    """Write a sheet with a row of random faces for each class."""
    rng = np.random.default_rng(seed)
    labels = np.unique(faces.labels)
    rows = [rng.permutation(np.flatnonzero(faces.labels == label))[:columns] for label in labels]
    mosaic = np.full((len(rows) * (SIDE + GAP), columns * (SIDE + GAP)), 255, np.uint8)
    for row, members in enumerate(rows):
        for column, index in enumerate(members):
            top, left = row * (SIDE + GAP), column * (SIDE + GAP)
            mosaic[top : top + SIDE, left : left + SIDE] = faces.pixels[index]
    figure = Figure(figsize=(1 + columns * 0.62, len(rows) * 0.62), layout="constrained")
    axes = figure.subplots()
    axes.imshow(mosaic, cmap="gray", vmin=0, vmax=255)
    axes.set_xticks([])
    axes.set_yticks(np.arange(len(rows)) * (SIDE + GAP) + SIDE / 2, [short(faces.classes[label]) for label in labels])
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    save_figure(figure, out, dpi=140)


def draw_grid(pictures: Sequence[NDArray[np.uint8]], captions: Sequence[str], out: Path, columns: int) -> None:
    """Write a sheet of pictures of one size, uint8 [H,W], each with a caption of up to two lines below it."""
    height, width = pictures[0].shape
    filled = min(columns, len(pictures))
    rows = -(-len(pictures) // filled)
    mosaic = np.full((rows * (height + CAPTION + GAP), columns * (width + GAP)), 255, np.uint8)
    inches = FACE_INCHES / SIDE
    figure = Figure(figsize=(mosaic.shape[1] * inches, mosaic.shape[0] * inches))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    for number, (picture, caption) in enumerate(zip(pictures, captions, strict=True)):
        top, left = number // filled * (height + CAPTION + GAP), number % filled * (width + GAP)
        mosaic[top : top + height, left : left + width] = picture
        axes.text(left + width / 2, top + height + 1, drawable(caption), fontsize=6, ha="center", va="top")
    axes.imshow(mosaic, cmap="gray", vmin=0, vmax=255)
    save_figure(figure, out)


def side_by_side(left: NDArray[np.uint8], right: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Two faces of the same height as one picture, with a line between them."""
    return np.hstack([left, np.full((len(left), 2), 255, np.uint8), right])
