"""Secrets where others could read them: messages, pages, output, files, the list of processes, the traces of a crash.

Every secret of these tests contains CANARY, so one search finds any part of any of them.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import aiohttp
import pytest
from tests.support.media import MEDIA
from tests.support.mjpeg import MjpegCamera
from tests.support.mosquitto import Mosquitto, read_messages
from tests.support.mqtt import password_file, publish
from tests.support.notify_socket import NotifySocket
from tests.support.processes import command, run, run_in_process
from tests.support.settings import write_config
from tests.support.waiting import wait_until
from tests.support.web_client import request, with_socket

CANARY = "canary"
USER, PASSWORD, TOKEN = f"{CANARY}-anna", f"{CANARY} @ the/broker", f"{CANARY}-of-the-page"
UNIT = Path(__file__).parents[2] / "systemd" / "fer-edge.service"


@pytest.fixture
def password_broker(tmp_path: Path) -> Iterator[Mosquitto]:
    """A broker that knows only the user USER; without a name, everybody may read everything."""
    broker = Mosquitto(tmp_path)
    broker.start(f"allow_anonymous true\npassword_file {password_file(tmp_path, USER, PASSWORD)}")
    yield broker
    broker.close()


@pytest.fixture
def camera() -> Iterator[MjpegCamera]:
    """A camera with a face in front of it, and an address full of secrets."""
    face = (MEDIA / "faces" / "neutral.jpeg").read_bytes()
    camera = MjpegCamera(picture=lambda _: face)
    login = f"{CANARY}-user:{quote(f'12/{CANARY}?#[@]', safe='')}"
    camera.url = f"http://{login}@127.0.0.1:{camera.port}/video/user={CANARY}&password={CANARY}?pwd={CANARY}#{CANARY}"
    yield camera
    camera.stop()


class LoggedDaemon:
    """A daemon named cam with all secrets, and its output in a file.

    Attributes:
        process: Its process.
        notifications: What it sends to systemd.
        environment: Its environment, the name of its configuration file included.
    """

    def __init__(self, folder: Path, place: str, camera: MjpegCamera, broker: Mosquitto, password: str) -> None:
        """`place` is where the secrets are set: file, environment or credential."""
        secrets = {"mqtt-password": password, "web-token": TOKEN}
        addresses = {"camera.source": camera.url, "mqtt.url": broker.url.replace("//", f"//{USER}@")}
        settings = {"mqtt.device": "cam", "mqtt.outbox": str(folder / "state" / "outbox.sqlite"), "web.listen": "0"}
        settings |= {
            "camera.allow_snapshots": True,
            "model.file": "nano",
            "faces.detector": "haar",
            "output.print": True,
        }
        self.environment = {**os.environ, "PYTHONFAULTHANDLER": "1", "NOTIFY_SOCKET": str(folder / "notify")}
        if place == "environment":
            names = ("FER_EDGE_CAMERA", "FER_EDGE_MQTT", "FER_EDGE_MQTT_PASSWORD", "FER_EDGE_WEB_TOKEN")
            self.environment |= dict(zip(names, [*addresses.values(), *secrets.values()], strict=True))
        else:
            settings |= addresses
            (folder / "secrets").mkdir()
            for name, secret in secrets.items():
                (folder / "secrets" / name).write_text(f"\ufeff{secret}\r\n")
        if place == "file":
            settings |= {"mqtt.password_file": str(folder / "secrets" / "mqtt-password")}
            settings |= {"web.token_file": str(folder / "secrets" / "web-token")}
        elif place == "credential":
            self.environment["CREDENTIALS_DIRECTORY"] = str(folder / "secrets")
        (folder / "state").mkdir()
        self._log = folder / "log"
        self.notifications = NotifySocket(str(folder / "notify"))
        self.flags = ["--config", write_config(folder / "config.toml", settings)]
        with self._log.open("w") as log:
            self.process = subprocess.Popen(
                command("fer_edge", *self.flags), stdout=log, stderr=log, env=self.environment
            )

    @property
    def url(self) -> str:
        """The address of the page."""
        return str(wait_until(lambda: re.search(r"page at (http://\S+:\d+/), with a token", self.log()), 60)[1])

    def log(self) -> str:
        return self._log.read_text()

    def proc_file(self, name: str) -> str:
        """Read a file of the process under /proc."""
        return Path(f"/proc/{self.process.pid}/{name}").read_text()

    def end(self, number: int) -> int:
        """Send a signal and return the exit code."""
        self.process.send_signal(number)
        return self.process.wait(20)


@pytest.mark.parametrize("place", ["file", "environment", "credential"])
def test_no_secret_leaves_the_device(
    place: str, camera: MjpegCamera, password_broker: Mosquitto, tmp_path: Path
) -> None:
    messages = password_broker.subscribe("#")
    daemon = LoggedDaemon(tmp_path, place, camera, password_broker, PASSWORD)
    readable: dict[str, str] = {}
    try:
        wait_until(lambda: "fer/cam/event" in messages.read_text(), 60)
        for name in ("health", "ping", "snapshot", "set", "unknown"):
            publish(password_broker, f"fer/cam/cmd/{name}")
        for path in ("/", "/api/state", "/api/health", "/metrics", "/live.js", f"/?token={TOKEN}"):
            answer = request(daemon, path, bearer=TOKEN)
            assert answer.status in {200, 303, 404}
            readable[path.replace(TOKEN, "")] = f"{answer.headers} {answer.body}"
        assert request(daemon, "/?token=wrong").status == 401
        readable["live"] = with_socket(daemon, "/api/live", _read_texts, headers={"Authorization": f"Bearer {TOKEN}"})
        if place == "environment":
            for flags in (["--check"], ["--status"], ["--print-config"]):
                done = run("fer_edge", *daemon.flags, *flags, env=daemon.environment)
                readable[" ".join(flags)] = done.out + done.err
        wait_until(lambda: "fer/cam/reply/unknown" in messages.read_text())
        readable["cmdline"] = daemon.proc_file("cmdline")
        core_limit = re.search(r"Max core file size +(\w+)", daemon.proc_file("limits"))
        assert (CANARY in daemon.proc_file("environ")) is (place == "environment")  # only its user and root can read it
    finally:
        code = daemon.end(signal.SIGABRT)
    assert code == -signal.SIGABRT
    assert core_limit
    assert core_limit[1] == "0"
    readable |= {path.name: path.read_bytes().decode(errors="replace") for path in (tmp_path / "state").iterdir()}
    readable |= {"log": daemon.log(), "messages": messages.read_text(), "systemd": str(daemon.notifications.received())}
    assert "Fatal Python error: Aborted" in readable["log"]
    assert f'"camera":"http://127.0.0.1:{camera.port}/video/***"' in readable["messages"]
    assert {topic for topic, _ in read_messages(messages)} >= {
        "fer/cam/info",
        "homeassistant/device/fer-edge-cam/config",
    }
    assert {where: re.findall(f".*{CANARY}.*", text) for where, text in readable.items() if CANARY in text} == {}


async def _read_texts(socket: aiohttp.ClientWebSocketResponse) -> str:
    """The first text messages of the live page."""
    return " ".join([(await socket.receive_str()) for _ in range(2)])


def test_a_refused_password_is_not_logged(camera: MjpegCamera, password_broker: Mosquitto, tmp_path: Path) -> None:
    daemon = LoggedDaemon(tmp_path, "file", camera, password_broker, f"{PASSWORD}, nearly")
    try:
        wait_until(lambda: re.search("not authorized", daemon.log(), re.IGNORECASE), 60)
    finally:
        daemon.end(signal.SIGTERM)
    assert CANARY not in daemon.log()


def test_the_service_leaves_no_core_dump() -> None:
    assert "\nLimitCORE=0\n" in UNIT.read_text()


@pytest.mark.parametrize("place", ["flag", "variable", "file"])
@pytest.mark.parametrize("flags", ["", "--check", "--print-config", "--status", "--forget"])
@pytest.mark.parametrize("setting", ["--camera rtsp", "--mqtt mqtt"])
def test_a_password_that_is_not_percent_encoded_is_refused_in_one_line_without_it(
    place: str, flags: str, setting: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flag, scheme = setting.split()
    key = {"--camera": "camera.source", "--mqtt": "mqtt.url"}[flag]
    for password in (f"12/{CANARY}", f"p@ss/{CANARY}", f"pass[{CANARY}]x", f"]{CANARY}", f"#{CANARY}", f"℀?{CANARY}"):
        address = f"{scheme}://admin:{password}@127.0.0.1:8554/"
        file = write_config(tmp_path / "config.toml", {key: address} if place == "file" else {})
        given = [flag, address] if place == "flag" else []
        with monkeypatch.context() as patch:
            if place == "variable":
                patch.setenv(f"FER_EDGE_{flag.strip('-').upper()}", address)
            done = run_in_process("fer_edge", "--config", file, *given, *flags.split())
        output = done.out + done.err
        assert done.code == (1 if flags == "--check" else 2 if place == "flag" else 78)
        assert output.count("\n") == 1
        assert {"flag": flag, "variable": "FER_EDGE_", "file": key}[place] in output
        assert "%2F" in output
        assert CANARY not in output


@pytest.mark.parametrize(
    ("start", "flags"),
    [
        ("rtmp://", []),
        ("rtsp:/", ["--check"]),
        ("", []),
        ("rtmp://", ["--annotate", "copy.mp4"]),
        ("rtsp://", ["--annotate", "copy.mp4"]),
    ],
)
def test_the_password_of_a_cameras_address_is_not_in_an_error(tmp_path: Path, start: str, flags: list[str]) -> None:
    camera = f"{start}user:{CANARY}@127.0.0.1:1/x?token={CANARY}"
    done = run("fer_edge", "--camera", camera, "--mqtt", "none", "--model", "nano", *flags, cwd=tmp_path)
    assert done.code in (1, 2)
    assert CANARY not in done.out + done.err
    assert "127.0.0.1" in done.out + done.err
