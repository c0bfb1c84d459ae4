"""report.html while a run is under way."""

from __future__ import annotations

import json
from pathlib import Path

from fer_data.formatting import percent
from fer_train.report.html_page import write_page
from fer_train.report.learning_curves import History, read_history, training_section
from fer_train.report.sections import recipe_sections

REFRESH_INTERVAL = 10  # seconds


def write_progress(run: Path) -> None:
    """Write the learning curves and report.html of a run that is not finished, from its history.csv and recipe.json."""
    history = read_history(run)
    if not history:
        return
    recipe = json.loads((run / "recipe.json").read_text())
    sections = [training_section(history, run), *recipe_sections(run, {})]
    epoch, epochs = max(history.epochs), recipe["epochs"]
    heading = f"Training of the model {recipe['model']}: epoch {epoch} of {epochs}"
    write_page(run / "report.html", heading, _summary(history), sections, refresh=REFRESH_INTERVAL)


def _summary(history: History) -> str:
    latest, best = history.epochs[max(history.epochs)], history.best
    text = ""
    if best is not None:
        text = (
            f"After this epoch {percent(latest['val_accuracy'])} of the validation faces are classified correctly; "
            f"the best so far is epoch {best} with {percent(history.epochs[best]['val_accuracy'])}."
        )
    if history.chance is not None:
        text += f" Predicting the most frequent class for every face would give {percent(history.chance)}."
    return (
        f"{text}\nThe run is not finished. This page is written anew after every epoch and reloads every "
        f"{REFRESH_INTERVAL} seconds; the complete report replaces it at the end. A run that was interrupted continues "
        "with fer-train fit --resume."
    )
