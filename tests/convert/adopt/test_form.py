from __future__ import annotations

import pytest

from fer_convert.adopt.form import Shape, form_problems

SEVEN = tuple("abcdefg")


@pytest.mark.parametrize(
    ("face", "scores", "labels"),
    [
        ((None, 48, 48, 1), (None, 7), SEVEN),
        ((1, 224, 224, 3), (1, 1, 1, 7), SEVEN),
        ((-1, 64, 64, 1), (-1, 1), ("sad", "happy")),
    ],
)
def test_a_grey_or_rgb_face_and_a_score_for_each_label_are_taken(
    face: Shape, scores: Shape, labels: tuple[str, ...]
) -> None:
    assert form_problems(face, scores, labels) == []


@pytest.mark.parametrize(
    ("face", "problem"),
    [
        ((None, 2304), "[-1, 2304], expected [1, side, side, 1 or 3]"),
        ((None, 48, 48, 4), "[-1, 48, 48, 4], expected"),
        ((None, 48, 64, 1), "[-1, 48, 64, 1], expected"),
        ((1, 1, 48, 48), "channels first"),
        ((1, 3, 224, 224), "channels first"),
        ((None, None, None, 3), "without a fixed size"),
        ((None, 16, 48, 48, 1), "expected"),
    ],
)
def test_another_input_is_refused(face: Shape, problem: str) -> None:
    (found,) = form_problems(face, (None, 7), SEVEN)
    assert problem in found


def test_all_problems_are_listed() -> None:
    assert form_problems((None, 48), (None, 128), SEVEN) == [
        "its input is [-1, 48], expected [1, side, side, 1 or 3] (one grey or RGB face)",
        "its output is [-1, 128], 128 values for 7 labels (a, b, c, d, e, f, g)",
    ]
    assert form_problems((1, 48, 48, 1), (1, 7), ()) == [
        "it has no labels: give its 7 classes with --labels A,B,... in output order"
    ]
