"""What the engine can be told: light enough to be read before anything heavy is imported."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class EngineOptions:
    """How faces are found and classified.

    min_face: the smallest face, as a share of the height of the picture: a face is 0.16 m wide, so 0.08 is a person
    2.2 m before a Pi's camera, which sees 49 degrees from top to bottom. rate: how often a second each face is
    classified, three times that while its expression changes. at_most: how many faces in one frame. sharp: the least
    sharpness of a crop that counts, see pipeline.sharpness. min_score: the probability that another emotion must reach
    to be reported. ease: how many times less often than asked it classifies and searches, a power of two; for a machine
    that is hot or slow.
    """

    min_face: float = 0.08
    rate: float = 10.0
    at_most: int = 2
    sharp: float = 0.02
    min_score: float = 0.0
    ease: int = 1
