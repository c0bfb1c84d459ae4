"""A copy of the package whose face network is damaged: the daemon runs with the Haar cascade and logs why."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from tests.support.media import MEDIA
from tests.support.mosquitto import Mosquitto, read_messages
from tests.support.processes import run
from tests.support.refusals import error_line
from tests.support.waiting import wait_until

import fer_edge
from fer_edge.inference.face_network_file import FACE_NETWORK, SHA256

FACE = MEDIA / "faces" / "bryan.png"
PACKAGE = Path(fer_edge.__file__).parent


@pytest.fixture
def network(tmp_path: Path) -> Path:
    """The damaged network of the copy, whose package is in `tmp_path`."""
    shutil.copytree(PACKAGE, tmp_path / "fer_edge", ignore=shutil.ignore_patterns("__pycache__"))
    copy = tmp_path / "fer_edge" / FACE_NETWORK.relative_to(PACKAGE)
    content = bytearray(copy.read_bytes())
    content[len(content) // 2] ^= 1
    copy.write_bytes(content)
    return copy


def assert_warns(line: str, network: Path) -> None:
    assert f"faces are detected with the Haar cascade alone: {network}: damaged (sha256 " in line
    assert line.endswith(f", expected {SHA256[:12]}): install fer-edge again")


def test_the_daemon_logs_one_line_and_runs_with_the_cascade(
    tmp_path: Path, network: Path, mosquitto: Mosquitto
) -> None:
    file = mosquitto.subscribe()
    flags = ["--camera", FACE, "--mqtt", mosquitto.url, "--device", "cam", "--print"]
    done = run("fer_edge", *flags, env={"PYTHONPATH": str(tmp_path)})
    assert done.code == 0
    lines = [line for line in done.err.splitlines() if "Haar" in line or "face_network" in line]
    assert len(lines) == 1
    assert_warns(lines[0], network)
    assert [event["type"] for event in done.events] == ["start", "end"]
    wait_until(lambda: ("fer/cam/status", "offline") in read_messages(file))
    (info,) = (json.loads(text) for topic, text in read_messages(file) if topic == "fer/cam/info")
    assert info["detector"] == "haar"


def test_a_daemon_that_does_not_need_the_network_logs_nothing(tmp_path: Path, network: Path) -> None:
    flags = ["--camera", FACE, "--mqtt", "none", "--detector", "haar"]
    done = run("fer_edge", *flags, env={"PYTHONPATH": str(tmp_path)})
    assert done.code == 0
    assert str(network) not in done.err


def test_a_daemon_without_a_broker_logs_nothing_else(tmp_path: Path, network: Path) -> None:
    done = run("fer_edge", "--camera", FACE, "--mqtt", "none", env={"PYTHONPATH": str(tmp_path)})
    assert done.code == 0
    assert_warns(error_line(done), network)


def test_the_check_warns_and_passes(tmp_path: Path, network: Path) -> None:
    flags = ["--check", "--json", "--camera", FACE, "--mqtt", "none"]
    done = run("fer_edge", *flags, env={"PYTHONPATH": str(tmp_path)})
    report = json.loads(done.out)
    assert (done.code, report["ok"]) == (0, True)
    finding = report["parts"]["detector"]
    assert finding["level"] == "warn"
    assert finding["text"].startswith("haar; ")
    assert_warns(finding["text"], network)
