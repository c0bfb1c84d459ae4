"""The plots of a report; those without a test here are tested in test_run_report."""

from __future__ import annotations

import numpy as np
from tests.support.scored_faces import scored_faces

from fer_train.report import plots


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
