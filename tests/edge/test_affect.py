"""Valence and arousal, estimated from the probabilities of emotions."""

from __future__ import annotations

import pytest

from fer_edge.affect import COORDINATES, estimate_affect, has_affect
from fer_edge.config.model import DEFAULT_MODEL
from fer_edge.inference.model_file import read_model


@pytest.mark.parametrize(
    ("scores", "valence", "arousal"),
    [
        ({"happy": 1.0, "sad": 0.0}, 0.81, 0.51),
        ({"happy": 0.0, "sad": 1.0}, -0.63, -0.27),
        ({"happy": 0.5, "sad": 0.5}, 0.09, 0.12),
        ({"neutral": 1.0, "angry": 0.0}, 0.0, 0.0),
        ({"Happiness": 1.0, "Anger": 0.0}, 0.81, 0.51),
    ],
)
def test_they_are_the_mean_of_the_coordinates_weighted_by_the_probabilities(
    scores: dict[str, float], valence: float, arousal: float
) -> None:
    assert estimate_affect(scores) == {"valence": valence, "arousal": arousal}


def test_the_labels_of_the_shipped_model_have_coordinates() -> None:
    assert set(read_model(DEFAULT_MODEL).labels) == set(COORDINATES)


@pytest.mark.parametrize("labels", [["awake", "asleep"], ["happy", "other"]])
def test_a_label_without_coordinates_leaves_nothing(labels: list[str]) -> None:
    assert not has_affect(labels)
    assert estimate_affect(dict.fromkeys(labels, 0.5)) == {}
