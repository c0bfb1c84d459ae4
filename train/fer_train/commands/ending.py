"""What fit and report print at the end: what the model is worth, the page, and the next command."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from fer_data.formatting import aligned
from fer_edge.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fer_data.dataset import FaceSet
    from fer_train.report.verdict import Judgement
    from fer_train.training.run_folder import RunConfig


def print_ending(
    config: RunConfig, faces: FaceSet, run: Path, judgements: Sequence[Judgement], out: Path | None = None
) -> None:
    """Print how good the model is, the epoch that was taken, the page, and the next command.

    Args:
        config: The configuration of the run.
        faces: Its data set.
        run: Its folder.
        judgements: What the model is worth, at least on one part of the data.
        out: The folder of the report; None: that of the run.
    """
    rows = [row for judgement in judgements for row in judgement.rows()]
    if config.recipe.patience:
        from fer_train.training.run_folder import read_accuracies, read_facts

        epoch, epochs = read_facts(run).get("epoch", "?"), len(read_accuracies(run))
        choice = "the best on the validation faces, whose figure is therefore a little too good"
        rows.append(("epoch", f"{epoch} of {epochs}, {choice} (--patience {config.recipe.patience})"))
    rows.append(("page", str((out or run) / "report.html")))
    rows.append(("next", shlex.join(_next_command(config, faces, run, guessing=judgements[0].guessing))))
    print(aligned(rows), flush=True)


def _next_command(config: RunConfig, faces: FaceSet, run: Path, *, guessing: bool) -> list[str]:
    """Quantize the model, or inspect the data if the model is no better than guessing."""
    if guessing:
        return ["fer-train", "inspect", str(config.source.data)]
    try:
        faces.test_split()
    except DataError:
        return config.quantize_command(run, "--split", faces.split_names()[0])
    return config.quantize_command(run)
