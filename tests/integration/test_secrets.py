"""The broker's password, where others could look: the list of processes, the journal, what is left of a crash."""

from __future__ import annotations

import http.client
import os
import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from tests.support import Mosquitto, command, free_port, wait_until

SECRET = "a word that nobody may see"  # noqa: S105  it is that of the test
UNIT = Path(__file__).parents[2] / "systemd" / "fer-edge.service"


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[Mosquitto]:
    passwords = tmp_path / "passwords"
    subprocess.run(["mosquitto_passwd", "-b", "-c", str(passwords), "anna", SECRET], check=True)
    broker = Mosquitto(tmp_path)
    broker.start(f"allow_anonymous false\npassword_file {passwords}")
    yield broker
    broker.close()


class Daemon:
    """The daemon, before a camera that is away, with its log in a file."""

    def __init__(self, folder: Path, broker: Mosquitto, *flags: object, **environment: str) -> None:
        self._log = folder / "log"
        camera = ["--camera", f"http://127.0.0.1:{free_port()}/"]
        url = broker.url.replace("//", "//anna@")
        with self._log.open("w") as log:
            self.process = subprocess.Popen(
                ["prlimit", "--core=0", *command("fer_edge", *camera, "--mqtt", url, *flags)],
                stdout=log,
                stderr=log,
                env={**os.environ, "PYTHONFAULTHANDLER": "1", **environment},
            )

    def said(self) -> str:
        return self._log.read_text()

    def of_proc(self, name: str) -> str:
        return Path(f"/proc/{self.process.pid}/{name}").read_text()

    def end(self, number: int) -> int:
        self.process.send_signal(number)
        return self.process.wait(20)


@pytest.mark.parametrize("place", ["file", "environment"])
def test_the_password_is_in_no_list_of_processes_no_log_and_no_trace_of_a_crash(
    place: str, guarded: Mosquitto, tmp_path: Path
) -> None:
    file = tmp_path / "secret"
    file.write_text(f"{SECRET}\n")
    in_file = place == "file"
    flags = ["--mqtt-password-file", file] if in_file else []
    environment = {} if in_file else {"FER_EDGE_MQTT_PASSWORD": SECRET}
    daemon = Daemon(tmp_path, guarded, *flags, **environment)
    try:
        wait_until(lambda: "connected to" in daemon.said(), 60)
        assert "anna@" in daemon.of_proc("cmdline")
        assert SECRET not in daemon.of_proc("cmdline")
        assert (SECRET in daemon.of_proc("environ")) is not in_file  # which only its own user and root can read
    finally:
        code = daemon.end(signal.SIGABRT)
    assert code == -signal.SIGABRT
    assert "Fatal Python error: Aborted" in daemon.said()
    assert SECRET not in daemon.said()


def test_a_password_that_is_refused_is_not_repeated(guarded: Mosquitto, tmp_path: Path) -> None:
    wrong = f"{SECRET}, nearly"
    daemon = Daemon(tmp_path, guarded, FER_EDGE_MQTT_PASSWORD=wrong)
    try:
        wait_until(lambda: re.search("not authorized", daemon.said(), re.IGNORECASE), 60)
    finally:
        daemon.end(signal.SIGTERM)
    assert SECRET not in daemon.said()


def test_the_token_of_the_page_is_in_no_list_of_processes_and_no_log(guarded: Mosquitto, tmp_path: Path) -> None:
    (tmp_path / "token").write_text(f"{SECRET}\n")
    daemon = Daemon(tmp_path, guarded, "--web", "0", "--web-token-file", tmp_path / "token")
    try:
        port = wait_until(lambda: re.search(r"page at http://[^:]+:(\d+)/, with a token", daemon.said()), 60)[1]
        answers = []
        for token in (quote(SECRET), "wrong"):
            line = http.client.HTTPConnection("127.0.0.1", int(port), timeout=10)
            line.request("GET", f"/?token={token}")
            answers.append(line.getresponse().status)
        assert answers == [303, 401]
        assert SECRET not in daemon.of_proc("cmdline") + daemon.of_proc("environ")
    finally:
        daemon.end(signal.SIGABRT)
    assert not [secret for secret in (SECRET, quote(SECRET)) if secret in daemon.said()]


def test_the_service_leaves_no_core() -> None:
    assert "\nLimitCORE=0\n" in UNIT.read_text()
