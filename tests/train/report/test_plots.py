"""The plots of a report; those without a test here are tested in test_run_report."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from tests.support.scored_faces import scored_faces
from tests.support.training import write_history

from fer_train.report import plots


def test_the_learning_rate_has_a_panel_if_it_was_logged(tmp_path: Path) -> None:
    row = (0.3, 1.8, 0.4, 1.6)
    write_history(tmp_path, [(0, *row)])
    assert [axes.get_title() for axes in plots.history(tmp_path / "history.csv").axes] == ["Loss", "Accuracy"]
    head = "epoch,accuracy,loss,val_accuracy,val_loss,learning_rate"
    write_history(tmp_path, [(0, *row, 0.1), (1, *row, 0.05)], head)
    rate = plots.history(tmp_path / "history.csv").axes[2]
    assert rate.get_title() == "Learning rate"
    assert [list(line.get_ydata()) for line in rate.get_lines()] == [[0.1, 0.05]]


def test_the_last_row_of_a_repeated_epoch_counts(tmp_path: Path) -> None:
    write_history(tmp_path, [(0, 0.1, 3, 0.1, 3), (1, 0.2, 2, 0.2, 2), (1, 0.3, 1, 0.3, 1)])
    training = plots.history(tmp_path / "history.csv").axes[0].get_lines()[0]
    assert (list(training.get_xdata()), list(training.get_ydata())) == ([1, 2], [3, 1])


def test_up_to_24_mistakes_are_plotted_with_the_most_confident_first() -> None:
    faces = scored_faces(200, 3, lean=0)
    probabilities = np.full((200, 3), 0.1, np.float32)
    predicted = (faces.labels + 1) % 3
    probabilities[np.arange(200), predicted] = np.linspace(0.5, 0.97, 200)
    titles = [axes.get_title() for axes in plots.mistakes(faces, probabilities).axes]
    true, answer = faces.classes[faces.labels[-1]], faces.classes[predicted[-1]]
    assert len(titles) == 24
    assert titles[0] == f"{true} →\n{answer} 97 %"
    shares = [int(title.split()[-2]) for title in titles]
    assert shares == sorted(shares, reverse=True)


def test_without_mistakes_the_plot_says_so() -> None:
    faces = scored_faces(30, 2)
    figure = plots.mistakes(faces, np.eye(2, dtype=np.float32)[faces.labels])
    assert figure.get_suptitle() == "no mistake in 30 faces"
