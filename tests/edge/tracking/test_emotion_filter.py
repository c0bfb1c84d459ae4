from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from fer_edge.tracking.emotion_filter import EmotionFilter

HAPPY = np.array([0.9, 0.1], np.float32)
SAD = np.array([0.1, 0.9], np.float32)
STEP = 0.1  # seconds


def started(probabilities: NDArray[np.float32] = HAPPY) -> EmotionFilter:
    emotions = EmotionFilter()
    emotions.update(probabilities, 0.0, smoothing=0.4)
    emotions.start()
    return emotions


def switches(
    emotions: EmotionFilter, results: list[NDArray[np.float32]], *, hold: float = 0.3, min_score: float = 0.0
) -> list[tuple[int, int, int]]:
    """The changes over frames that are a tenth of a second apart: number of the frame, emotion before and after."""
    found = []
    for number, probabilities in enumerate(results, start=1):
        emotions.update(probabilities, number * STEP, smoothing=0.4)
        previous = emotions.switch_and_return_previous(number * STEP, hold, min_score)
        if previous is not None:
            found.append((number, previous, emotions.emotion))
    return found


def test_the_first_classification_is_taken_as_it_is() -> None:
    emotions = EmotionFilter()
    assert not emotions.classified
    emotions.update(SAD, 0.0, smoothing=0.4)
    emotions.start()
    assert emotions.classified
    assert emotions.emotion == 1
    assert (emotions.probabilities == SAD).all()


@pytest.mark.parametrize("step", [0.02, 0.1, 0.25])
def test_smoothing_is_in_seconds_at_any_frame_rate(step: float) -> None:
    emotions = started()
    for number in range(1, round(1 / step) + 1):
        emotions.update(SAD, number * step, smoothing=0.5)
    assert emotions.probabilities[0] == pytest.approx(0.1 + 0.8 * np.exp(-1 / 0.5), abs=1e-3)


def test_two_classifications_at_the_same_time_do_no_harm() -> None:
    emotions = started()
    emotions.update(SAD, 0.0, smoothing=0.4)
    assert np.isfinite(emotions.probabilities).all()


def test_a_lasting_change_switches_the_emotion_once() -> None:
    assert [change[1:] for change in switches(started(), [HAPPY] * 10 + [SAD] * 20)] == [(0, 1)]


def test_another_emotion_must_lead_for_the_hold_time() -> None:
    ((early, *_),) = switches(started(), [SAD] * 20, hold=0.0)
    ((late, *_),) = switches(started(), [SAD] * 20, hold=0.45)
    assert late - early == 5


def test_a_single_deviating_classification_switches_nothing() -> None:
    assert switches(started(), [HAPPY, HAPPY, HAPPY, SAD] * 10) == []


def test_an_even_flicker_switches_at_most_once() -> None:
    assert len(switches(started(), [HAPPY, SAD] * 50)) <= 1


def test_an_emotion_below_the_minimum_score_is_not_reported() -> None:
    unsure = np.array([0.45, 0.55], np.float32)
    assert switches(started(), [unsure] * 40, min_score=0.6) == []
    assert [change[1:] for change in switches(started(), [unsure] * 40)] == [(0, 1)]


def test_the_expression_is_changing_while_classifications_differ_from_the_smoothed_ones() -> None:
    emotions = started()
    assert not emotions.changing
    emotions.update(SAD, 0.1, smoothing=0.4)
    assert emotions.changing
    switches(emotions, [SAD] * 30)
    assert not emotions.changing
