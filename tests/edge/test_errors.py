"""Errors: one line, and facts as fields."""

from __future__ import annotations

import pickle

import pytest

from fer_edge.cameras.base import CameraError
from fer_edge.errors import EXIT_CONFIG, EXIT_FAULT, EXIT_USAGE, ConfigError, FerError, MissingExtraError, UsageError


def test_the_text_is_the_message_and_then_the_cure() -> None:
    assert str(FerError("broken")) == "broken"
    error = FerError("/x: no such file", setting="mqtt.ca", cure="expected certificates in PEM")
    assert str(error) == "/x: no such file: expected certificates in PEM"
    assert (error.message, error.setting, error.cure) == ("/x: no such file", "mqtt.ca", "expected certificates in PEM")


@pytest.mark.parametrize(
    ("kind", "builtin", "code"),
    [(UsageError, ValueError, EXIT_USAGE), (ConfigError, ValueError, EXIT_CONFIG), (CameraError, OSError, EXIT_FAULT)],
)
def test_an_error_is_one_of_pythons_own_kinds_too_and_keeps_its_fields(
    kind: type[FerError], builtin: type[Exception], code: int
) -> None:
    error = kind("away", setting="camera.source", cure="plug it in")
    assert isinstance(error, builtin)
    assert error.exit_code == code
    assert str(error) == "away: plug it in"


def test_an_error_crosses_a_process_boundary_with_its_fields() -> None:
    error = pickle.loads(pickle.dumps(UsageError("/x: no such file", setting="mqtt.ca", cure="give another")))  # noqa: S301  our own
    assert (error.message, error.setting, error.cure) == ("/x: no such file", "mqtt.ca", "give another")


def test_a_missing_extra_names_the_command_that_installs_it() -> None:
    error = MissingExtraError("--web", "web", "aiohttp")
    assert str(error) == "--web needs aiohttp, which is not installed: pip install 'fer-edge[web]'"
    assert error.exit_code == EXIT_USAGE
