from __future__ import annotations

import pytest
from tests.support.face_search import FakeNetwork

from fer_edge.config.model import DETECTORS, HAAR
from fer_edge.detection.base import Detectors


def test_the_cascade_alone_is_the_default() -> None:
    assert Detectors() == Detectors(cascade=True, network=None)
    assert Detectors().name == HAAR


@pytest.mark.parametrize(
    ("detectors", "name"),
    [
        (Detectors(cascade=True, network=FakeNetwork()), "haar+network"),
        (Detectors(cascade=True), "haar"),
        (Detectors(cascade=False, network=FakeNetwork()), "network"),
    ],
)
def test_the_name_is_that_of_the_setting(detectors: Detectors, name: str) -> None:
    assert detectors.name == name
    assert name in DETECTORS


def test_contrast_is_stretched_only_where_there_is_a_network() -> None:
    assert Detectors().contrast_stretch() is None
    detectors = Detectors(network=FakeNetwork())
    assert detectors.contrast_stretch() is not None
    assert detectors.contrast_stretch() is not detectors.contrast_stretch()
