"""The flag --min-score; what it writes is tested in quantize/test_command.py."""

from __future__ import annotations

import pytest

from fer_convert.min_scores import parse_min_scores
from fer_edge.errors import UsageError

LABELS = ("happy", "a,b", "sad")


def test_scores_are_in_the_order_of_the_labels() -> None:
    assert parse_min_scores(r" a\,b = 0.5, Happy=1", LABELS) == {"happy": 1.0, "a,b": 0.5}
    assert parse_min_scores("", LABELS) == {}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("bored=0.5", "--min-score bored=0.5: the model has happy, a,b, sad: expected CLASS=P"),
        ("0.5", "--min-score 0.5: the model has"),
        ("happy", "--min-score happy: expected CLASS=P"),
        ("happy=50", "--min-score happy=50: expected CLASS=P,... with P from 0 to 1"),
        ("happy=nan", "--min-score happy=nan: expected"),
        ("happy=0.5,HAPPY=0.6", "--min-score HAPPY=0.6: happy is named twice"),
    ],
)
def test_what_is_no_score_of_a_class_is_refused(text: str, message: str) -> None:
    with pytest.raises(UsageError) as refusal:
        parse_min_scores(text, LABELS)
    assert str(refusal.value).startswith(message)
