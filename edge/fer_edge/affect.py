"""Valence and arousal of a face, from the probabilities of its emotions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

# Mean ratings of pleasure and arousal, -1..1: Russell and Mehrabian, Evidence for a three-factor theory of emotions,
# Journal of Research in Personality 11, 1977, 273-294. Neutral is the origin of their scales.
COORDINATES = {
    "angry": (-0.51, 0.59),
    "disgust": (-0.60, 0.35),
    "fear": (-0.64, 0.60),
    "happy": (0.81, 0.51),
    "neutral": (0.0, 0.0),
    "sad": (-0.63, -0.27),
    "surprise": (0.40, 0.67),
}
# Other names of the same emotions, as data sets and their users write them.
SYNONYMS = {
    "anger": "angry",
    "disgusted": "disgust",
    "afraid": "fear",
    "fearful": "fear",
    "happiness": "happy",
    "sadness": "sad",
    "surprised": "surprise",
}


AXES = ("valence", "arousal")


def has_affect(labels: Iterable[str]) -> bool:
    """Whether all labels are names of emotions with known coordinates."""
    return all(_name(label) in COORDINATES for label in labels)


def estimate_affect(scores: Mapping[str, float]) -> dict[str, float]:
    """The mean of the emotions' coordinates, weighted by their probabilities.

    Args:
        scores: The probability of each label, 0..1.

    Returns:
        `valence`, how pleasant the expression is, and `arousal`, how excited, both -1..1, to two decimals; nothing
        without known coordinates, see `has_affect`.
    """
    if not has_affect(scores):
        return {}
    sums = (sum(score * COORDINATES[_name(label)][axis] for label, score in scores.items()) for axis in range(2))
    return {axis: round(value, 2) + 0.0 for axis, value in zip(AXES, sums, strict=True)}  # no negative zero


def _name(label: str) -> str:
    return SYNONYMS.get(label.lower(), label.lower())
