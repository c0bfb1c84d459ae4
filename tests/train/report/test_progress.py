"""The page of a run that is not finished."""

from __future__ import annotations

import json
from pathlib import Path

from tests.support.training import write_history

from fer_train.recipe import Recipe
from fer_train.report.progress import write_progress


def test_the_page_has_the_latest_and_the_best_epoch_and_reloads(tmp_path: Path) -> None:
    write_history(tmp_path, [(0, 0.3, 1.8, 0.55, 1.6), (1, 0.5, 1.5, 0.5, 1.4)])
    Recipe(epochs=9).save(tmp_path / "recipe.json", {"batch": "for 150 steps"})
    counts = {"PublicTest": {"happy": 3, "sad": 1}}
    (tmp_path / "run.json").write_text(json.dumps({"faces": {"validation": counts}}))
    write_progress(tmp_path)
    page = (tmp_path / "report.html").read_text()
    assert "<h1>Training of the model base: epoch 2 of 9</h1>" in page
    assert "After this epoch 50.0 % of the validation faces are classified correctly" in page
    assert (
        "the best so far is epoch 1 with 55.0 %. Predicting the most frequent class for every face would give 75.0 %"
        in page
    )
    assert '<meta http-equiv="refresh"' in page
    assert "<td>batch</td><td>128</td><td>for 150 steps</td>" in page
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        *("curves_accuracy.png", "curves_loss.png", "history.csv", "recipe.json", "report.html", "run.json")
    ], "no draft is left"


def test_before_the_first_epoch_there_is_no_page(tmp_path: Path) -> None:
    write_progress(tmp_path)
    assert list(tmp_path.iterdir()) == []
