"""The face network that comes with the package, recording the squares that it searches."""

from __future__ import annotations

import pytest
from tests.support.face_search import RecordingNetwork

from fer_edge.detection.base import Detectors


@pytest.fixture
def network(detectors: Detectors) -> RecordingNetwork:
    assert detectors.network
    return RecordingNetwork(detectors.network)
