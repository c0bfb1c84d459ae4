"""Fixtures of the device's tests: the TFLite runtimes, and the stand-in for the Edge TPU."""

from __future__ import annotations

import pytest
from tests.support.fake_edgetpu import compiled, edgetpu, fake_library

from fer_edge.inference.runtimes import RUNTIMES, available_runtimes

__all__ = ["compiled", "edgetpu", "fake_library", "runtime"]


@pytest.fixture(params=RUNTIMES)
def runtime(request: pytest.FixtureRequest) -> str:
    """Each TFLite runtime that is installed."""
    name = str(request.param)
    if name not in available_runtimes():
        pytest.skip(f"NOT TESTED: {name} is not installed for this Python")
    return name
