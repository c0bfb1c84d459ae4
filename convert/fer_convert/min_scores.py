"""The minimum scores of classes, `--min-score`, for the card of a model file."""

from __future__ import annotations

from fer_data.class_lists import split_assignment, split_list, unescape
from fer_data.readers.names import name_key
from fer_edge.errors import UsageError

EXPECTED = "expected CLASS=P,... with P from 0 to 1"


def parse_min_scores(text: str, labels: tuple[str, ...]) -> dict[str, float]:
    """The minimum score, 0..1, by class, in the order of the labels; classes that are not named have none.

    Raises:
        UsageError: A class is unknown or named twice, or a score is not a number from 0 to 1.
    """
    by_key = {name_key(label): label for label in labels}
    scores: dict[str, float] = {}
    for part in split_list(text, ","):
        name, value = split_assignment(part)
        label = by_key.get(name_key(unescape(name)))
        if label is None:
            raise UsageError(f"--min-score {part}: the model has {', '.join(labels)}", cure=EXPECTED)
        if label in scores:
            raise UsageError(f"--min-score {part}: {label} is named twice")
        scores[label] = _probability(part, value)
    return {label: scores[label] for label in labels if label in scores}


def _probability(part: str, value: str) -> float:
    try:
        score = float(value)
    except ValueError:
        score = -1.0
    if not 0 <= score <= 1:
        raise UsageError(f"--min-score {part}: {EXPECTED}")
    return score
