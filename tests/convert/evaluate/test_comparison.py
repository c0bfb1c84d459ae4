"""Results of several models as a page and as plots."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
from tests.support.synthetic_faces import striped_faces

from fer_convert.evaluate.comparison import Comparison, ModelResult
from fer_convert.evaluate.evaluation import evaluate
from fer_convert.evaluate.plots import write_plots


def result(name: str, classes: tuple[str, ...], seed: int) -> ModelResult:
    rng = np.random.default_rng(seed)
    faces = dataclasses.replace(striped_faces(60), labels=rng.integers(0, len(classes) - 1, 60), classes=classes)
    said, mirrored = rng.dirichlet(np.ones(len(classes)), (2, 60)).astype(np.float32)
    return ModelResult(name, {"runs_on": "nothing"}, evaluate(said, mirrored, faces, np.arange(60) >= 5))


def test_many_models_with_many_classes_are_drawn_even_without_faces_of_a_class(tmp_path: Path) -> None:
    many = tuple(f"class of a long name {number}" for number in range(12))
    models = [result(f"model of a long name {seed}", many, seed) for seed in range(4)]
    comparison = Comparison("data", "test", (*models, result("two", ("x|y", "z"), 9)))
    write_plots(comparison, tmp_path)
    for plot in ("recall.png", "risk_coverage.png"):
        assert (tmp_path / plot).stat().st_size > 10_000
    page = comparison.as_markdown()
    assert r"x\|y" in page
    row = next(line for line in page.splitlines() if line.startswith("| class of a long name 11 |"))
    assert [cell.strip() for cell in row.strip("|").split("|")][1:] == ["0", "-", "-", "0.00 %", "-", "-"]
