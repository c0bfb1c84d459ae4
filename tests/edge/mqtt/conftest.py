"""Fixtures of the tests of MQTT."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.support.daemon_process import DaemonProcess
from tests.support.mosquitto import Mosquitto


@pytest.fixture
def daemon(mosquitto: Mosquitto) -> Iterator[DaemonProcess]:
    """A running daemon that has reported the face in front of its camera."""
    process = DaemonProcess(mosquitto)
    process.wait_for_face()
    yield process
    if process.process.poll() is None:
        process.close()
