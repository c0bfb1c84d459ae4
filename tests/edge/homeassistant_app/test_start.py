"""The start of the Home Assistant app: options, a Supervisor that names the broker, a real Mosquitto, the daemon."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.media import MEDIA
from tests.support.mosquitto import Mosquitto, read_messages
from tests.support.network import free_port, reachable
from tests.support.processes import command
from tests.support.supervisor import TOKEN, Supervisor
from tests.support.waiting import wait_until

START = Path(__file__).parents[3] / "edge" / "homeassistant-app" / "start.py"
PICTURE = MEDIA / "faces" / "happy-baby.jpeg"
CODE = """\
import pathlib, runpy, sys
root, supervisor, daemon, page = sys.argv[1:]
main = runpy.run_path({start!r})["main"]
main(pathlib.Path(root), supervisor, daemon, user=None, page=page)
"""


@pytest.fixture
def supervisor() -> Iterator[Supervisor]:
    server = Supervisor()
    yield server
    server.close()


class App:
    """The folders of the app, and its start as a process.

    Attributes:
        root: Contains data/ and config/.
        port: Of the page.
    """

    def __init__(self, folder: Path, supervisor: str, **options: Any) -> None:
        self.root, self.port = folder / "root", free_port()
        for name in ("data", "config", "dev"):
            (self.root / name).mkdir(parents=True)
        self._supervisor = supervisor
        self._daemon = folder / "fer-edge"
        self._daemon.write_text(f'#!/bin/sh\nexec {" ".join(command("fer_edge"))} "$@"\n')
        self._daemon.chmod(0o755)
        self.set_options({"camera": str(PICTURE), "device": "hall", "keep_settings": True} | options)

    def set_options(self, options: dict[str, Any]) -> None:
        (self.root / "data/options.json").write_text(json.dumps(options))

    def start(self) -> subprocess.Popen[str]:
        code = CODE.format(start=str(START))
        arguments = [self.root, self._supervisor, self._daemon, f"127.0.0.1:{self.port}"]
        environment = {**os.environ, "SUPERVISOR_TOKEN": TOKEN, "HASSIO_TOKEN": TOKEN}
        return subprocess.Popen(
            [sys.executable, "-c", code, *map(str, arguments)], env=environment, stderr=subprocess.PIPE, text=True
        )

    def fail(self) -> tuple[int, str]:
        """Start it, and return the exit code and what it has written to stderr."""
        process = self.start()
        _, errors = process.communicate(timeout=60)
        return process.returncode, errors


def test_options_and_the_supervisors_broker_become_settings(tmp_path: Path, supervisor: Supervisor) -> None:
    broker = Mosquitto(tmp_path)
    broker.start()
    # This camera delivers nothing, so the run goes on.
    app = App(tmp_path, supervisor.url, camera="http://127.0.0.1:9/none", min_face=0.2, flip="h", model="")
    login = {"username": "addons+1@home", "password": "a/b c"}
    supervisor.broker = {"host": "127.0.0.1", "port": broker.port, "ssl": False, "protocol": "3.1.1", **login}
    messages = broker.subscribe("fer/hall/#")
    process = app.start()
    try:
        wait_until(lambda: any(topic == "fer/hall/status" for topic, _ in read_messages(messages)), 60)
        assert "u'addons+1@home'" in (tmp_path / "mosquitto.log").read_text()
        environment = Path(f"/proc/{process.pid}/environ").read_text().split("\0")
        variables = dict(line.partition("=")[::2] for line in environment if line)
        assert {name: variables.get(f"FER_EDGE_{name}") for name in ("MIN_FACE", "FLIP", "KEEP_SETTINGS", "MODEL")} == {
            "MIN_FACE": "0.2",
            "FLIP": "h",
            "KEEP_SETTINGS": "true",
            "MODEL": None,
        }
        assert TOKEN not in variables.values()
        wait_until(lambda: reachable(app.port))
        state = app.root / "data/fer-edge"
        assert (state / "outbox.sqlite").exists()
        assert stat.S_IMODE(state.stat().st_mode) == 0o700
    finally:
        process.terminate()
        assert process.wait(10) == 0
        broker.close()
    assert (app.root / "config/config.toml").read_text().startswith("# What the options of the app do not cover")


def test_a_broker_of_ones_own_is_used_without_asking_the_supervisor(tmp_path: Path) -> None:
    broker = Mosquitto(tmp_path)
    broker.start()
    login = {"mqtt": f"mqtt://anna@127.0.0.1:{broker.port}", "mqtt_password": "secret"}
    app = App(tmp_path, "http://127.0.0.1:9", **login)
    messages = broker.subscribe("fer/hall/event")
    try:
        process = app.start()
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors
        events = [json.loads(text) for _, text in read_messages(messages)]
        assert [(event["type"], event["emotion"]) for event in events] == [("start", "happy"), ("end", "happy")]
        assert "secret" not in errors
    finally:
        broker.close()


def test_the_configuration_file_is_read_and_kept(tmp_path: Path) -> None:
    app = App(tmp_path, "", mqtt="none", keep_settings=None)
    config = app.root / "config/config.toml"
    config.write_text('[faces]\nmin_score = "high"\n')
    code, errors = app.fail()
    assert code == 78
    assert f"{config}: faces.min_score" in errors
    assert config.read_text() == '[faces]\nmin_score = "high"\n'


@pytest.mark.parametrize(
    ("answer", "code", "expected"),
    [
        (400, 78, 'there is no broker: install and start the app "Mosquitto broker", or enter the address of yours'),
        (403, 78, "there is no broker"),
        (502, 1, "the Supervisor does not name a broker: HTTP status 502"),
        (None, 1, "the Supervisor does not respond"),
    ],
)
def test_without_a_broker_the_reason_is_one_line(
    tmp_path: Path, supervisor: Supervisor, answer: int | None, code: int, expected: str
) -> None:
    supervisor.status = answer or 0
    app = App(tmp_path, supervisor.url if answer else "http://127.0.0.1:9")
    found, errors = app.fail()
    assert (found, errors.count("\n")) == (code, 1)
    assert errors.startswith("fer-edge: ")
    assert expected in errors


@pytest.mark.parametrize(
    ("broker", "body", "code", "expected"),
    [
        ({"host": "h"}, "", 78, "there is no broker"),
        ({"host": "h", "port": 1883}, "<html>", 1, "the Supervisor's answer about the broker cannot be read"),
        ({"host": "h", "port": 1883}, "[]", 1, "the Supervisor's answer about the broker cannot be read"),
    ],
)
def test_an_answer_without_a_broker_is_one_line(
    tmp_path: Path, supervisor: Supervisor, broker: dict[str, Any], body: str, code: int, expected: str
) -> None:
    supervisor.broker, supervisor.body = broker, body
    found, errors = App(tmp_path, supervisor.url).fail()
    assert (found, errors.count("\n")) == (code, 1)
    assert expected in errors


def test_a_wrong_option_is_one_line_that_names_it(tmp_path: Path) -> None:
    app = App(tmp_path, "", mqtt="none", rate=-1)
    code, errors = app.fail()
    assert (code, errors.count("\n")) == (78, 1)
    assert "FER_EDGE_RATE" in errors


@pytest.mark.parametrize("options", ["", "{", "[]", None])
def test_damaged_options_are_one_line(tmp_path: Path, options: str | None) -> None:
    app = App(tmp_path, "")
    file = app.root / "data/options.json"
    file.unlink() if options is None else file.write_text(options)
    code, errors = app.fail()
    assert (code, errors.count("\n")) == (1, 1)
    assert "options.json" in errors
