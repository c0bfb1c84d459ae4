"""What the tests of the tracker share."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fer_edge.geometry import Box
from fer_edge.tracking.tracker import Change

HAPPY = np.array([0.9, 0.1], np.float32)  # probabilities
LEFT = Box(10, 10, 50, 50)
SIZE = (640, 480)  # of the frames
STEP = 0.1  # seconds from frame to frame


def kinds(changes: Sequence[Change]) -> list[tuple[str, int]]:
    """The type and the track of each change."""
    return [(change.type, change.face.number) for change in changes]
