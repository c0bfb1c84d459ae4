"""Missing packages of a host command; that the commands themselves report them is tested in tests/test_packaging.py."""

from __future__ import annotations

import pytest

from fer_data.host_command import run_host_command
from fer_edge.errors import MissingExtraError


def test_a_missing_package_is_reported_with_the_extra_that_installs_it(capsys: pytest.CaptureFixture[str]) -> None:
    def run() -> int:
        raise ModuleNotFoundError("No module named 'sklearn'", name="sklearn")

    assert run_host_command("fer-train", "train", run) == 2
    expected = "needs sklearn, which is not installed: pip install 'fer-edge[train]'"
    assert expected in capsys.readouterr().err


def test_errors_of_this_project_pass_unchanged(capsys: pytest.CaptureFixture[str]) -> None:
    def run() -> int:
        raise MissingExtraError("fer-edge", "web", "aiohttp")

    assert run_host_command("fer-train", "train", run) == 2
    assert "fer-edge needs aiohttp" in capsys.readouterr().err


def test_the_exit_code_is_that_of_the_command() -> None:
    assert run_host_command("fer-train", "train", lambda: 3) == 3
