"""The learning curves of a run."""

from __future__ import annotations

import json
from pathlib import Path

from tests.support.training import write_history

from fer_train.report.learning_curves import History, learning_curves, read_history

ROW = (0.3, 1.8, 0.4, 1.6)


def read(run: Path) -> History:
    history = read_history(run)
    assert history
    return history


def test_accuracy_is_in_per_cent_with_the_best_epoch_and_chance(tmp_path: Path) -> None:
    write_history(tmp_path, [(0, *ROW), (1, 0.5, 1.5, 0.61, 1.4), (2, 0.6, 1.4, 0.61, 1.4), (3, 0.7, 1.3, 0.5, 1.5)])
    counts = {"Training": {"happy": 3, "sad": 1}, "PublicTest": {"happy": 2, "sad": 4}}
    (tmp_path / "run.json").write_text(json.dumps({"faces": {"validation": counts}}))
    axes = learning_curves(read(tmp_path))["curves_accuracy.png"].axes[0]
    assert axes.get_title() == "Accuracy in %"
    training, validation, best, chance = axes.get_lines()
    assert list(training.get_ydata()) == [30, 50, 60, 70]
    assert list(validation.get_ydata()) == [40, 61, 61, 50]
    assert (list(best.get_xdata()), list(best.get_ydata())) == ([2], [61])
    assert best.get_label() == "best epoch: 2, 61.0 %", "of equal ones, the first"
    assert set(chance.get_ydata()) == {50.0}


def test_the_learning_rate_has_a_plot_if_it_was_logged(tmp_path: Path) -> None:
    write_history(tmp_path, [(0, *ROW)])
    assert list(learning_curves(read(tmp_path))) == ["curves_loss.png", "curves_accuracy.png"]
    head = "epoch,accuracy,loss,val_accuracy,val_loss,learning_rate"
    write_history(tmp_path, [(0, *ROW, 0.1), (1, *ROW, 0.05)], head)
    rate = learning_curves(read(tmp_path))["curves_learning_rate.png"].axes[0]
    assert rate.get_title() == "Learning rate"
    assert [list(line.get_ydata()) for line in rate.get_lines()] == [[0.1, 0.05]]


def test_the_last_row_of_a_repeated_epoch_counts(tmp_path: Path) -> None:
    write_history(tmp_path, [(0, 0.1, 3, 0.1, 3), (1, 0.2, 2, 0.2, 2), (1, 0.3, 1, 0.3, 1)])
    training = learning_curves(read(tmp_path))["curves_loss.png"].axes[0].get_lines()[0]
    assert (list(training.get_xdata()), list(training.get_ydata())) == ([1, 2], [3, 1])


def test_a_history_without_validation_has_no_best_epoch(tmp_path: Path) -> None:
    write_history(tmp_path, [(0, 0.1, 3), (1, 0.2, 2)], "epoch,accuracy,loss")
    history = read(tmp_path)
    assert (history.best, history.chance) == (None, None)
    assert len(learning_curves(history)["curves_accuracy.png"].axes[0].get_lines()) == 1


def test_a_run_without_a_complete_epoch_has_no_history(tmp_path: Path) -> None:
    assert read_history(tmp_path) is None
    (tmp_path / "history.csv").touch()
    assert read_history(tmp_path) is None
