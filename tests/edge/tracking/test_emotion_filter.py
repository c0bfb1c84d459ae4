from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from fer_edge.tracking.emotion_filter import EmotionFilter

HAPPY = np.array([0.9, 0.1], np.float32)
SAD = np.array([0.1, 0.9], np.float32)
UNSURE = np.array([0.45, 0.55], np.float32)
STEP = 0.1  # seconds


def started(probabilities: NDArray[np.float32] = HAPPY) -> EmotionFilter:
    emotions = EmotionFilter()
    emotions.update(probabilities, 0.0, smoothing=0.4)
    emotions.start(lambda _: 0.0)
    return emotions


def switches(
    emotions: EmotionFilter, results: list[NDArray[np.float32]], *, hold: float = 0.3, min_score: float = 0.0
) -> list[tuple[int, int | None, int | None]]:
    """The changes over frames that are a tenth of a second apart: number of the frame, emotion before and after."""
    found = []
    for number, probabilities in enumerate(results, start=1):
        emotions.update(probabilities, number * STEP, smoothing=0.4)
        previous = emotions.emotion
        if emotions.switch(number * STEP, hold, lambda _: min_score):
            found.append((number, previous, emotions.emotion))
    return found


def test_the_first_classification_is_taken_as_it_is() -> None:
    emotions = EmotionFilter()
    assert not emotions.classified
    emotions.update(SAD, 0.0, smoothing=0.4)
    emotions.start(lambda _: 0.0)
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


def test_no_emotion_is_reported_while_none_reaches_the_minimum_score() -> None:
    results = [UNSURE] * 40 + [SAD] * 40
    assert [change[1:] for change in switches(started(), results, min_score=0.6)] == [(0, None), (None, 1)]
    assert [change[1:] for change in switches(started(), results)] == [(0, 1)]


def test_a_track_that_starts_below_the_minimum_score_has_no_emotion() -> None:
    emotions = EmotionFilter()
    emotions.update(UNSURE, 0.0, smoothing=0.4)
    emotions.start(lambda _: 0.6)
    assert emotions.emotion is None


@pytest.mark.parametrize("first", [HAPPY, UNSURE])
def test_a_score_that_varies_about_the_minimum_does_not_make_the_emotion_flicker(first: NDArray[np.float32]) -> None:
    above, below = (np.array([score, 1 - score], np.float32) for score in (0.62, 0.57))
    emotions = EmotionFilter()
    emotions.update(first, 0.0, smoothing=0.4)
    emotions.start(lambda _: 0.6)
    assert len(switches(emotions, ([above] * 10 + [below] * 10) * 5, min_score=0.6)) <= 1


def test_each_emotion_has_its_own_minimum_score() -> None:
    emotions = EmotionFilter()
    emotions.update(SAD, 0.0, smoothing=0.4)
    emotions.start([0.0, 0.95].__getitem__)
    assert emotions.emotion is None
    emotions.start([0.95, 0.0].__getitem__)
    assert emotions.emotion == 1


def test_the_expression_is_changing_while_classifications_differ_from_the_smoothed_ones() -> None:
    emotions = started()
    assert not emotions.changing
    emotions.update(SAD, 0.1, smoothing=0.4)
    assert emotions.changing
    switches(emotions, [SAD] * 30)
    assert not emotions.changing


def test_a_mirror_image_that_is_classified_differently_is_no_change_of_expression() -> None:
    emotions = started(np.array([0.7, 0.3], np.float32))
    for number, share in enumerate([0.95, 0.45] * 20, start=1):
        emotions.update(np.array([share, 1 - share], np.float32), number * STEP, smoothing=0.4)
        assert not emotions.changing
    assert emotions.probabilities[0] == pytest.approx(0.7, abs=0.05)


def test_the_face_and_its_mirror_image_take_turns_after_the_first_classification() -> None:
    emotions = EmotionFilter()
    turns = []
    for number in range(5):
        emotions.update(HAPPY, number * STEP, smoothing=0.4)
        turns.append(emotions.mirrored)
    assert turns == [False, True, False, True, False]
