"""Short training runs, and what they leave in their folder."""

from __future__ import annotations

import csv
import json
import zipfile
from pathlib import Path
from typing import Any

from tests.support.processes import Run, run_in_process

SHORT_RUN = [
    "--learning-rate",
    "0.1",
    "--model",
    "nano",
    "--batch",
    "32",
    "--average",
    "0.9",
    "--warmup",
    "1",
    "--weights",
    "none",
]


def fit(*flags: object) -> Run:
    """Run `fer-train fit` on a small network, in this process."""
    return run_in_process("fer_train", "fit", *SHORT_RUN, *flags)


def read_history(run: Path) -> list[dict[str, str]]:
    """The rows of history.csv."""
    with (run / "history.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def read_metrics(run: Path) -> dict[str, Any]:
    """The content of metrics.json."""
    metrics: dict[str, Any] = json.loads((run / "metrics.json").read_text())
    return metrics


def read_card(run: Path) -> dict[str, Any]:
    """The training card in model.keras."""
    with zipfile.ZipFile(run / "model.keras") as archive:
        card: dict[str, Any] = json.loads(archive.read("training.json"))
    return card


def write_history(
    run: Path, rows: list[tuple[float, ...]], header: str = "epoch,accuracy,loss,val_accuracy,val_loss"
) -> None:
    """Write history.csv."""
    lines = [header, *(",".join(map(str, row)) for row in rows)]
    (run / "history.csv").write_text("".join(f"{line}\n" for line in lines))
