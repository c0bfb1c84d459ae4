"""Secrets where others could read them: in the list of processes, in the log, in the traces of a crash."""

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
from tests.support.mosquitto import Mosquitto
from tests.support.network import free_port
from tests.support.processes import command, run
from tests.support.waiting import wait_until

SECRET = "a word that nobody may see"  # noqa: S105  a secret of this test
UNIT = Path(__file__).parents[2] / "systemd" / "fer-edge.service"


@pytest.fixture
def password_broker(tmp_path: Path) -> Iterator[Mosquitto]:
    """A broker whose only user is anna, with SECRET as password."""
    passwords = tmp_path / "passwords"
    subprocess.run(["mosquitto_passwd", "-b", "-c", str(passwords), "anna", SECRET], check=True)
    broker = Mosquitto(tmp_path)
    broker.start(f"allow_anonymous false\npassword_file {passwords}")
    yield broker
    broker.close()


class LoggedDaemon:
    """A daemon whose camera is unavailable, logged in as anna, with its log in a file."""

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

    def log(self) -> str:
        return self._log.read_text()

    def proc_file(self, name: str) -> str:
        """Read a file of the process under /proc."""
        return Path(f"/proc/{self.process.pid}/{name}").read_text()

    def end(self, number: int) -> int:
        """Send a signal and return the exit code."""
        self.process.send_signal(number)
        return self.process.wait(20)


@pytest.mark.parametrize("place", ["file", "environment"])
def test_the_password_is_not_in_the_list_of_processes_the_log_or_the_trace_of_a_crash(
    place: str, password_broker: Mosquitto, tmp_path: Path
) -> None:
    file = tmp_path / "secret"
    file.write_text(f"{SECRET}\n")
    in_file = place == "file"
    flags = ["--mqtt-password-file", file] if in_file else []
    environment = {} if in_file else {"FER_EDGE_MQTT_PASSWORD": SECRET}
    daemon = LoggedDaemon(tmp_path, password_broker, *flags, **environment)
    try:
        wait_until(lambda: "connected to" in daemon.log(), 60)
        assert "anna@" in daemon.proc_file("cmdline")
        assert SECRET not in daemon.proc_file("cmdline")
        assert (SECRET in daemon.proc_file("environ")) is not in_file  # only its own user and root can read that
    finally:
        code = daemon.end(signal.SIGABRT)
    assert code == -signal.SIGABRT
    assert "Fatal Python error: Aborted" in daemon.log()
    assert SECRET not in daemon.log()


def test_a_refused_password_is_not_logged(password_broker: Mosquitto, tmp_path: Path) -> None:
    wrong = f"{SECRET}, nearly"
    daemon = LoggedDaemon(tmp_path, password_broker, FER_EDGE_MQTT_PASSWORD=wrong)
    try:
        wait_until(lambda: re.search("not authorized", daemon.log(), re.IGNORECASE), 60)
    finally:
        daemon.end(signal.SIGTERM)
    assert SECRET not in daemon.log()


def test_the_token_of_the_page_is_not_in_the_list_of_processes_or_the_log(
    password_broker: Mosquitto, tmp_path: Path
) -> None:
    (tmp_path / "token").write_text(f"{SECRET}\n")
    daemon = LoggedDaemon(tmp_path, password_broker, "--web", "0", "--web-token-file", tmp_path / "token")
    try:
        port = wait_until(lambda: re.search(r"page at http://[^:]+:(\d+)/, with a token", daemon.log()), 60)[1]
        answers = []
        for token in (quote(SECRET), "wrong"):
            connection = http.client.HTTPConnection("127.0.0.1", int(port), timeout=10)
            connection.request("GET", f"/?token={token}")
            answers.append(connection.getresponse().status)
        assert answers == [303, 401]
        assert SECRET not in daemon.proc_file("cmdline") + daemon.proc_file("environ")
    finally:
        daemon.end(signal.SIGABRT)
    assert not [secret for secret in (SECRET, quote(SECRET)) if secret in daemon.log()]


def test_the_service_leaves_no_core_dump() -> None:
    assert "\nLimitCORE=0\n" in UNIT.read_text()


@pytest.mark.parametrize(
    ("scheme", "flags"),
    [("rtmp", []), ("rtmp", ["--check"]), ("rtmp", ["--annotate", "copy.mp4"]), ("rtsp", ["--annotate", "copy.mp4"])],
)
def test_the_password_of_a_cameras_address_is_not_in_an_error(tmp_path: Path, scheme: str, flags: list[str]) -> None:
    camera = f"{scheme}://user:secretword@127.0.0.1:1/x"
    done = run("fer_edge", "--camera", camera, "--mqtt", "none", *flags, cwd=tmp_path)
    assert done.code in (1, 2)
    assert "secretword" not in done.out + done.err
    assert "127.0.0.1" in done.out + done.err
