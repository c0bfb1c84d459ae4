"""How a single face is confirmed and tracked."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from fer_edge.detection.base import Detection, Prediction
from fer_edge.detection.pyramid import Pyramid
from fer_edge.geometry import Box


class Effort(NamedTuple):
    """What may be done to detect a tracked face.

    Attributes:
        thorough: Whether a more expensive search may follow if the first one misses the face.
        check: Whether the face is due for a check by the face network.
        occluded: Whether another face may hide it.
    """

    thorough: bool
    check: bool
    occluded: bool


class FaceSearch(Protocol):
    """Searches for one face where it is expected.

    Attributes:
        max_attempts: How often a candidate is checked before it is given up.
    """

    max_attempts: int

    def verify(self, pyramid: Pyramid, box: Box, attempt: int) -> Detection | None:
        """The face at `box`, where there may be one, if the evidence is strong; `attempt` counts the checks of it."""
        ...

    def redetect(self, pyramid: Pyramid, prediction: Prediction, *, effort: Effort) -> Detection | None:
        """A tracked face; one that is not settled needs strong evidence.

        Args:
            pyramid: The frame.
            prediction: Where the face is expected.
            effort: What may be done to find it.

        Returns:
            The face; one that is not verified if there is little evidence, or evidence against it; None without any.
        """
        ...
