"""How the live page starts and ends with the daemon. What it serves is tested with the modules that serve it.

This covers `factory` and `listener`; the limits on connections are tested in test_connections.
"""

from __future__ import annotations

import http.client
import itertools
import signal
import socket
import ssl
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import aiohttp
import pytest
from tests.support.media import WALK
from tests.support.mjpeg import MjpegCamera
from tests.support.mosquitto import Mosquitto
from tests.support.network import free_port
from tests.support.processes import run
from tests.support.tls import Authority
from tests.support.waiting import wait_until
from tests.support.web_client import FACE, TOKEN, receive_frame, request, with_socket
from tests.support.web_daemon import WebDaemon

from fer_edge.cameras.files import VideoFile
from fer_edge.cameras.frame import Frame
from fer_edge.config.model import Config
from fer_edge.config.web import WebOptions
from fer_edge.daemon import Daemon
from fer_edge.inference.classifier import EmotionClassifier
from fer_edge.run.models import Models
from fer_edge.web.listener import WebServerError
from fer_edge.web.server import WebServer
from fer_edge.web.status_reporter import StatusReporter


def wait_for_offline(daemon: WebDaemon) -> None:
    wait_until(lambda: daemon.messages.read_text().splitlines()[-1].endswith("/status offline"))


def test_viewers_do_not_delay_the_end_of_the_run(broker: Mosquitto, camera: MjpegCamera) -> None:
    daemon = WebDaemon(broker, camera.url, "--model", "nano")

    async def watch_the_end(socket: aiohttp.ClientWebSocketResponse) -> int | None:
        await receive_frame(socket)
        daemon.signal(signal.SIGTERM)
        async for _ in socket:
            pass
        return socket.close_code

    assert with_socket(daemon, "/api/live", watch_the_end) == 1001
    daemon.close()
    wait_for_offline(daemon)


def test_a_viewer_that_reads_nothing_does_not_delay_the_end_of_the_run(broker: Mosquitto, camera: MjpegCamera) -> None:
    daemon = WebDaemon(broker, camera.url, "--model", "nano")
    key = "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13"
    upgrade = f"GET /api/live HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n{key}\r\n\r\n"
    next_frame = bytes.fromhex("8184000000006e657874")  # the text `next`, masked with zeros
    with socket.create_connection(("127.0.0.1", daemon.port)) as viewer:
        viewer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        viewer.sendall(upgrade.encode() + next_frame * 100)
        wait_until(lambda: "fer_viewers 1.0" in request(daemon, "/metrics").body)
        time.sleep(2)  # the buffers of both sockets fill up
        daemon.close()
    wait_for_offline(daemon)


def test_an_occupied_port_is_reported_in_one_line_and_exit_1(porch: WebDaemon) -> None:
    done = run("fer_edge", "--camera", FACE, "--mqtt", "none", "--web", porch.port)
    assert done.code == 1
    assert done.err.splitlines()[-1] == (
        f"fer-edge: --web 127.0.0.1:{porch.port}: address already in use: another program has it; if it is fer-edge "
        "itself: sudo systemctl stop fer-edge"
    )


@pytest.mark.parametrize(
    ("host", "code", "error"),
    [
        ("203.0.113.9", 1, "cannot assign requested address"),
        ("no.such.host.invalid", 2, "expected an address of this machine"),
    ],
)
def test_the_host_of_another_machine_is_reported(host: str, code: int, error: str) -> None:
    environment = {"FER_EDGE_WEB_TOKEN": TOKEN}
    done = run("fer_edge", "--camera", FACE, "--mqtt", "none", "--web", f"{host}:{free_port()}", env=environment)
    assert done.code == code
    assert error in done.err.splitlines()[-1]


def test_a_page_open_to_the_network_and_a_browser_camera_without_a_page_are_one_line_and_exit_2() -> None:
    done = run("fer_edge", "--camera", "browser", "--mqtt", "none", "--web", "0.0.0.0:0")
    assert done.code == 2
    assert done.err.splitlines()[-1].startswith(
        "fer-edge: --web 0.0.0.0:0: the page would be open to the whole network: set "
    )
    done = run("fer_edge", "--camera", "browser", "--mqtt", "none")
    assert done.code == 2
    assert done.err.splitlines()[-1] == "fer-edge: --camera browser: needs the live page: add --web or web.listen"


def test_without_the_extra_the_page_names_it_and_everything_else_works(tmp_path: Path) -> None:
    (tmp_path / "aiohttp.py").write_text("raise ModuleNotFoundError('none here', name='aiohttp')")
    environment = {"PYTHONPATH": f"{tmp_path}:{':'.join(sys.path)}"}
    done = run("fer_edge", "--camera", FACE, "--mqtt", "none", "--web", "0", env=environment)
    assert done.code == 2
    assert done.err.splitlines()[-1] == (
        "fer-edge: --web needs aiohttp, which is not installed: pip install 'fer-edge[web]'"
    )
    assert run("fer_edge", "--camera", FACE, "--mqtt", "none", env=environment).code == 0


def test_with_a_certificate_the_page_and_its_cookie_are_for_https_only(
    broker: Mosquitto, camera: MjpegCamera, tmp_path: Path
) -> None:
    certificate, key = Authority(tmp_path / "ours").certify("page", "IP:127.0.0.1")
    daemon = WebDaemon(broker, camera.url, "--web-cert", certificate, "--web-key", key, token=TOKEN)
    try:
        context = ssl.create_default_context(cafile=tmp_path / "ours" / "ca.pem")
        secure = http.client.HTTPSConnection("127.0.0.1", daemon.port, timeout=10, context=context)
        secure.request("GET", f"/?token={quote(TOKEN)}")
        response = secure.getresponse()
        assert response.status == 303
        assert "Secure" in (response.getheader("Set-Cookie") or "")
        plain = http.client.HTTPConnection("127.0.0.1", daemon.port, timeout=10)
        plain.request("GET", "/")
        with pytest.raises((ConnectionError, http.client.BadStatusLine)):
            plain.getresponse()
    finally:
        daemon.close()


class EndlessClip:
    """A camera that plays the clip without end."""

    name, live, dropped, problem = "fake", True, 0, None

    def __iter__(self) -> Iterator[Frame]:
        return itertools.cycle(VideoFile(WALK))

    def close(self) -> None: ...


def test_a_page_that_fails_ends_the_run(classifier: EmotionClassifier, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(_: StatusReporter) -> None:
        raise RuntimeError("out of order")

    monkeypatch.setattr(StatusReporter, "run", fail)
    server = WebServer(WebOptions(("127.0.0.1", 0)), None)
    with pytest.raises(WebServerError, match="the page has failed: out of order"):
        Daemon(Config(camera="fake", broker=None), EndlessClip(), Models(classifier), observers=[server]).run()
