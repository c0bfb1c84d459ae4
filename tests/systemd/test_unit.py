"""The unit file, checked without running it."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from fer_edge.config.broker import PASSWORD
from fer_edge.config.web import TOKEN
from fer_edge.errors import EXIT_CONFIG, EXIT_USAGE
from fer_edge.web.connections import ConnectionLimits

SYSTEMD = Path(__file__).parents[2] / "systemd"
UNIT = (SYSTEMD / "fer-edge.service").read_text()


@pytest.fixture(params=["fer-edge.service", "fer-edge@.service"])
def unit(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    file = tmp_path / str(request.param)
    file.write_text(UNIT.replace("/opt/fer-edge/bin/fer-edge", "/bin/true"))
    return file


def test_the_unit_is_valid_as_a_service_and_as_a_template(unit: Path) -> None:
    done = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True, check=True)
    assert done.stdout + done.stderr == ""


def test_the_unit_is_hardened(unit: Path) -> None:
    security = ["systemd-analyze", "security", "--offline=true", "--no-pager", unit]
    text = subprocess.run(security, capture_output=True, text=True, check=True).stdout
    exposure = re.search(r"Overall exposure level for .*: ([\d.]+)", text)
    assert exposure
    assert float(exposure[1]) <= 2.0


def test_exit_codes_and_credentials_match_the_daemon() -> None:
    assert f"RestartPreventExitStatus={EXIT_USAGE} {EXIT_CONFIG}\n" in UNIT
    for secret in (PASSWORD, TOKEN):
        assert f"\nLoadCredential={secret.credential}:" in UNIT


def test_the_unit_bounds_memory_and_leaves_the_page_all_its_connections() -> None:
    memory, descriptors = (re.search(rf"^{key}=(\d+)", UNIT, re.MULTILINE) for key in ("MemoryMax", "LimitNOFILE"))
    assert memory
    assert 300 <= int(memory[1]) < 512  # the smallest Pi with a 64-bit system has 512 MB
    assert descriptors
    assert ConnectionLimits().within(int(descriptors[1])) == ConnectionLimits()


def test_settings_for_newer_systemd_versions_are_only_in_newer_conf() -> None:
    keys = re.findall(r"^(\w+)=", (SYSTEMD / "newer.conf").read_text(), re.MULTILINE)
    assert keys == ["RestartSteps", "RestartMaxDelaySec"]
    assert not any(f"{key}=" in UNIT for key in keys)
