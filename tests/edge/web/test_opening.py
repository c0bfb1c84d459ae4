"""How the page begins and ends with the daemon."""

from __future__ import annotations

import http.client
import socket
import ssl
import sys
import time
from pathlib import Path
from urllib.parse import quote

import aiohttp
import pytest
from tests.support import Mosquitto, free_port, run, wait_until
from tests.support.mjpeg import MjpegCamera
from tests.support.tls import Authority
from tests.support.web_client import FACE, TOKEN, ask, frame_of, speak
from tests.support.web_daemon import Daemon


def test_viewers_do_not_hold_up_the_end(broker: Mosquitto, camera: MjpegCamera) -> None:
    here = Daemon(broker, camera.url, "--model", "nano")

    async def talk(socket: aiohttp.ClientWebSocketResponse) -> int | None:
        await frame_of(socket)
        here.signal(15)
        async for _ in socket:
            pass
        return socket.close_code

    assert speak(here, "/api/live", talk) == 1001
    here.close()
    wait_until(lambda: here.heard_in.read_text().splitlines()[-1].endswith("/status offline"))


def test_a_viewer_that_takes_nothing_does_not_hold_up_the_end(broker: Mosquitto, camera: MjpegCamera) -> None:
    here = Daemon(broker, camera.url, "--model", "nano")
    key = "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13"
    upgrade = f"GET /api/live HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n{key}\r\n\r\n"
    ask_for_two = bytes.fromhex("8184000000006e657874") * 2  # masked by nothing
    with socket.create_connection(("127.0.0.1", here.port)) as line:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        line.sendall(upgrade.encode() + ask_for_two * 50)
        wait_until(lambda: ask(here, "/metrics")[2].count("fer_viewers 1.0"))
        time.sleep(2)  # what it does not take fills up
        here.close()
    wait_until(lambda: here.heard_in.read_text().splitlines()[-1].endswith("/status offline"))


def test_a_port_that_is_taken_is_one_line_and_exit_1(porch: Daemon) -> None:
    done = run("fer_edge", "--camera", FACE, "--mqtt", "none", "--web", porch.port)
    assert done.code == 1
    assert done.err.splitlines()[-1].startswith(f"fer-edge: --web 127.0.0.1:{porch.port}: address already in use: ")


@pytest.mark.parametrize(
    ("host", "code", "complaint"),
    [
        ("203.0.113.9", 1, "cannot assign requested address"),
        ("no.such.host.invalid", 2, "expected an address of this machine"),
    ],
)
def test_a_host_that_is_not_ours_is_said(host: str, code: int, complaint: str) -> None:
    here = {"FER_EDGE_WEB_TOKEN": TOKEN}
    done = run("fer_edge", "--camera", FACE, "--mqtt", "none", "--web", f"{host}:{free_port()}", env=here)
    assert done.code == code
    assert complaint in done.err.splitlines()[-1]


def test_without_the_extra_the_page_names_it_and_all_else_works(tmp_path: Path) -> None:
    (tmp_path / "aiohttp.py").write_text("raise ModuleNotFoundError('none here', name='aiohttp')")
    missing = {"PYTHONPATH": f"{tmp_path}:{':'.join(sys.path)}"}
    done = run("fer_edge", "--camera", FACE, "--mqtt", "none", "--web", "0", env=missing)
    assert done.code == 2
    assert done.err.splitlines()[-1] == (
        "fer-edge: --web needs aiohttp, which is not installed: pip install 'fer-edge[web]'"
    )
    assert run("fer_edge", "--camera", FACE, "--mqtt", "none", env=missing).code == 0


def test_with_a_certificate_it_speaks_https_alone_and_its_cookie_does(
    broker: Mosquitto, camera: MjpegCamera, tmp_path: Path
) -> None:
    certificate, key = Authority(tmp_path / "ours").certify("page", "IP:127.0.0.1")
    here = Daemon(broker, camera.url, "--web-cert", certificate, "--web-key", key, token=TOKEN)
    try:
        trusting = ssl.create_default_context(cafile=tmp_path / "ours" / "ca.pem")
        line = http.client.HTTPSConnection("127.0.0.1", here.port, timeout=10, context=trusting)
        line.request("GET", f"/?token={quote(TOKEN)}")
        answer = line.getresponse()
        assert answer.status == 303
        assert "Secure" in (answer.getheader("Set-Cookie") or "")
        line = http.client.HTTPConnection("127.0.0.1", here.port, timeout=10)
        line.request("GET", "/")
        with pytest.raises((ConnectionError, http.client.BadStatusLine)):
            line.getresponse()
    finally:
        here.close()
