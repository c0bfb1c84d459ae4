from __future__ import annotations

import pytest

from fer_edge.detection.base import Detection
from fer_edge.geometry import Box
from fer_edge.tracking.face_evidence import FEW, HIGH_SCORE, LOW_SCORE, MANY, FaceEvidence

BOX = Box(100, 100, 60, 60)
MIDDLE_SCORE = (LOW_SCORE + HIGH_SCORE) / 2


def check(score: float, width: int = 60, angle: float = 0.0, yaw: float = 0.0) -> Detection:
    return Detection(Box(100, 100, width, width), angle=angle, yaw=yaw, score=score)


def accepted_after(*checks: Detection) -> list[bool]:
    """Whether the evidence is accepted after each check."""
    evidence, accepted = FaceEvidence(), []
    for each in checks:
        evidence.add(each)
        accepted.append(evidence.accepted)
    return accepted


def test_high_scores_are_accepted_after_a_few_checks() -> None:
    assert accepted_after(*[check(HIGH_SCORE + 0.05)] * 5) == [False] * (FEW - 1) + [True] * (6 - FEW)


def test_lower_scores_are_accepted_after_many_checks_that_agree() -> None:
    assert accepted_after(*[check(MIDDLE_SCORE)] * 10) == [False] * (MANY - 1) + [True] * (11 - MANY)


@pytest.mark.parametrize(
    "other", [check(MIDDLE_SCORE, width=120), check(MIDDLE_SCORE, angle=40.0), check(MIDDLE_SCORE, yaw=40.0)]
)
def test_lower_scores_are_not_accepted_from_checks_that_differ(other: Detection) -> None:
    assert accepted_after(*[check(MIDDLE_SCORE), other] * 20) == [False] * 40


def test_low_scores_are_not_accepted() -> None:
    assert accepted_after(*[check(LOW_SCORE - 0.05)] * 40) == [False] * 40


def test_what_was_accepted_remains_so() -> None:
    assert all(accepted_after(*[check(0.95)] * FEW, *[check(0.4)] * 20)[FEW:])


def test_a_doubtful_face_is_accepted_once_its_last_checks_have_high_scores() -> None:
    assert accepted_after(*[check(0.5)] * MANY, *[check(0.95)] * MANY)[-1]


def test_the_score_is_the_mean_of_the_last_checks() -> None:
    evidence = FaceEvidence()
    assert evidence.score == 0
    for score in [0.1] * 5 + [0.6] * (MANY - 1) + [0.8]:
        evidence.add(check(score))
    assert evidence.score == pytest.approx((0.6 * (MANY - 1) + 0.8) / MANY)
    assert evidence.count == MANY + 5


def test_a_poor_score_is_hopeless_after_a_few_checks() -> None:
    evidence, hopeless = FaceEvidence(), []
    for _ in range(2 * FEW):
        hopeless.append(evidence.hopeless)
        evidence.add(check(0.5))
    assert hopeless == [False] * FEW + [True] * FEW


def test_a_doubtful_score_is_hopeless_after_more_checks_than_decide() -> None:
    evidence, hopeless = FaceEvidence(), []
    for number in range(3 * MANY):
        hopeless.append(evidence.hopeless)
        evidence.add(check(0.7, angle=60.0 * (number % 2)))
    assert not evidence.accepted
    assert hopeless == [False] * (2 * MANY) + [True] * MANY


def test_a_face_is_not_hopeless_however_often_it_is_checked() -> None:
    evidence = FaceEvidence()
    for _ in range(3 * MANY):
        evidence.add(check(0.9))
    assert not evidence.hopeless


def test_checks_of_the_same_place_have_no_spread() -> None:
    evidence = FaceEvidence()
    for number in range(5):
        evidence.add(check(0.5 + number / 10, angle=12.0, yaw=-30.0))
    assert evidence.spread == pytest.approx(0)
