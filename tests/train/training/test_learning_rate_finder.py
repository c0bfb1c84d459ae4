"""The learning rate range test."""

from __future__ import annotations

import re
from pathlib import Path

import cv2
import numpy as np
import pytest
from tests.support.refusals import assert_refused
from tests.support.training import fit

from fer_train.training.learning_rate_finder import HIGHEST, LOWEST, Sweep

RATES = LOWEST * (HIGHEST / LOWEST) ** (np.arange(200) / 200)


@pytest.mark.parametrize("edge", [0.01, 0.3])
def test_the_suggestion_is_well_below_the_rate_from_which_on_the_loss_rises(edge: float) -> None:
    noise = np.random.default_rng(0).normal(0, 0.02, 200)
    losses = 1.5 + 0.4 * np.exp(-RATES / (edge / 30)) + 3 * np.maximum(0, np.log10(RATES / edge)) + noise
    suggested = Sweep(RATES, losses).suggested
    assert suggested
    assert edge / 6 < suggested < edge / 1.5
    assert len(f"{suggested:g}".replace("0", "").replace(".", "")) <= 2


def test_without_a_fall_of_the_loss_nothing_is_suggested() -> None:
    noise = np.random.default_rng(0).normal(0, 0.01, 200)
    assert Sweep(RATES, 0.3 + 3 * np.maximum(0, np.log10(RATES / 0.01)) + noise).suggested is None


def test_a_loss_that_never_rises_gives_a_rate_below_the_highest() -> None:
    assert Sweep(RATES, np.linspace(2, 1, 200)).suggested == pytest.approx(RATES[-1] / 3, rel=0.1)


def test_the_command_suggests_a_rate_and_plots_the_loss_without_a_run(data: Path, tmp_path: Path) -> None:
    done = fit("--data", data, "--out", tmp_path / "run", "--find-learning-rate", "--batch", 16)
    assert done.code == 0, done.err
    suggested = re.search(r"^suggested  --learning-rate ([\d.e-]+) for --batch 16$", done.out, re.MULTILINE)
    assert suggested
    assert LOWEST < float(suggested[1]) < HIGHEST
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["learning_rate.png"]
    plot = cv2.imread(str(tmp_path / "run" / "learning_rate.png"))
    assert plot.std() > 10


@pytest.mark.parametrize("flags", [["--folds", 3], ["--distribute", "auto"]])
def test_it_is_no_run(data: Path, tmp_path: Path, flags: list[object]) -> None:
    done = fit("--data", data, "--out", tmp_path / "run", "--find-learning-rate", *flags)
    assert_refused(done, "fer-train", "--find-learning-rate: is no run: leave out --folds and --distribute")
