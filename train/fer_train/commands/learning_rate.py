"""fit --find-learning-rate: a learning rate range test instead of a run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fer_data.formatting import aligned

if TYPE_CHECKING:
    from fer_data.dataset import FaceSet
    from fer_train.training.run_folder import RunConfig

PLOT = "learning_rate.png"


def find_learning_rate(config: RunConfig, training: FaceSet, targets: NDArray[np.float32], out: Path) -> None:
    """Print a suggested peak learning rate, and write OUT/learning_rate.png.

    Args:
        config: The configuration of the run.
        training: The faces to train on.
        targets: float32 [N,...].
        out: The folder of the run, which is not begun.
    """
    import keras

    from fer_data.output_folder import output_folder
    from fer_data.plotting import save_figure
    from fer_train.architectures.registry import rebuild
    from fer_train.report.learning_rate_plot import learning_rate_plot
    from fer_train.training.batches import Batches
    from fer_train.training.fit import build_initial_model
    from fer_train.training.learning_rate_finder import sweep_learning_rate
    from fer_train.training.teachers import load_teachers

    recipe = config.recipe
    teachers = load_teachers(config.teachers, training.classes, recipe)
    keras.utils.set_random_seed(recipe.seed)
    batches = Batches(training.pixels, targets, recipe)
    initial = build_initial_model(recipe, training.classes, batches, teachers)
    network = rebuild(initial, recipe.dropout, recipe.precision)
    sweep = sweep_learning_rate(network, recipe, batches, targets.shape[1], teachers)
    suggested = sweep.suggested
    rates = ({"suggested": suggested} if suggested else {}) | {"of the recipe": recipe.learning_rate}
    with output_folder(out):
        save_figure(learning_rate_plot(sweep.rates, sweep.losses, sweep.smoothed, rates), out / PLOT)
    flag = f"--learning-rate {suggested or recipe.learning_rate:g}"
    unclear = f"none: the loss falls at no rate, as with weights that are trained already; keep {flag}"
    rows = [
        ("suggested", f"{flag} for --batch {recipe.batch}" if suggested else unclear),
        ("recipe", f"--learning-rate {recipe.learning_rate:g}"),
        ("plot", str(out / PLOT)),
        ("next", f"the same command with {flag} instead of --find-learning-rate"),
    ]
    print(aligned(rows), flush=True)
