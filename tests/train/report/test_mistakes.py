"""The plot of the most confident mistakes."""

from __future__ import annotations

import numpy as np
from tests.support.scored_faces import score_reader, scored_faces

from fer_train.architectures.registry import build
from fer_train.report.mistakes import mistakes


def test_up_to_24_mistakes_are_plotted_with_the_most_confident_first() -> None:
    faces = scored_faces(200, 3, lean=0)
    probabilities = np.full((200, 3), 0.1, np.float32)
    predicted = (faces.labels + 1) % 3
    probabilities[np.arange(200), predicted] = np.linspace(0.5, 0.97, 200)
    axes = mistakes(build("nano", 3, 0.0), faces, probabilities).axes
    assert len(axes) == 48
    titles = [each.get_title() for each in axes[::2]]
    true, answer = faces.classes[faces.labels[-1]], faces.classes[predicted[-1]]
    assert titles[0] == f"{true} →\n{answer} 97 %"
    shares = [int(title.split()[-2]) for title in titles]
    assert shares == sorted(shares, reverse=True)
    pictures = [[picture.get_array() for picture in each.get_images()] for each in axes]
    assert all(np.array_equal(left[0], right[0]) for left, right in zip(pictures[::2], pictures[1::2], strict=True))
    assert [len(right) for right in pictures[1::2]] == [2] * 24, "the face with its activation map"
    assert any(right[1].max() > 0 for right in pictures[1::2])


def test_a_network_without_feature_maps_has_the_faces_alone() -> None:
    faces = scored_faces(4, 2)
    wrong = np.eye(2, dtype=np.float32)[1 - faces.labels]
    axes = mistakes(score_reader(2), faces, wrong).axes
    assert [len(each.get_images()) for each in axes] == [1] * 4 + [0] * 2


def test_without_mistakes_the_plot_says_so() -> None:
    faces = scored_faces(30, 2)
    figure = mistakes(build("nano", 2, 0.0), faces, np.eye(2, dtype=np.float32)[faces.labels])
    assert figure.get_suptitle() == "no mistake in 30 faces"
