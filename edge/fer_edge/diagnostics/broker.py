"""Connects to the broker and publishes a message."""

from __future__ import annotations

import os
from collections.abc import Mapping

from fer_edge.config.broker import read_password
from fer_edge.config.credentials import describe_exposure
from fer_edge.config.model import Config
from fer_edge.diagnostics.finding import Finding, combine, ok, warn
from fer_edge.mqtt.check import check_connection


def check_broker(config: Config, environment: Mapping[str, str] = os.environ) -> Finding:
    """Check that the broker accepts the login and a message at fer/DEVICE/check, which is not retained.

    Raises:
        UsageError: The password cannot be read.
        ExchangeError: The broker cannot be reached or refuses.
    """
    broker = config.broker
    if not broker:
        return ok("not configured")
    version = check_connection(broker, read_password(broker, environment), config.device)
    note = "" if version == "5" else ", which cannot report what an access list denies"
    found = ok(f"{broker}: MQTT {version}{note}, {'with' if broker.user else 'without'} a user")
    exposure = describe_exposure(broker.password_file)
    return combine(found, warn(exposure) if exposure else None)
