"""Requests that are malformed: a client error in one line, never a traceback, and the server goes on.

This covers what the parser refuses, which is answered in `http_protocol`.
"""

from __future__ import annotations

import asyncio
import json
import logging
import socket
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest
from aiohttp import web
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from tests.support.media import WALK
from tests.support.web_client import TOKEN
from tests.support.web_daemon import run_async

from fer_edge.cameras.files import VideoFile
from fer_edge.config.model import Config
from fer_edge.config.web import WebOptions
from fer_edge.daemon import Daemon
from fer_edge.inference.classifier import EmotionClassifier
from fer_edge.run.models import Models
from fer_edge.web.middleware import HEADERS
from fer_edge.web.request_checks import read_body
from fer_edge.web.server import WebServer

BEARER = b"Authorization: Bearer " + TOKEN.encode()
JSON = b"Content-Type: application/json"
MULTIPART = b"Content-Type: multipart/form-data; boundary=b"
FORM = b"Content-Type: application/x-www-form-urlencoded"
WEBSOCKET = b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13"
CHUNKED = b"Transfer-Encoding: chunked"


@contextmanager
def serve(classifier: EmotionClassifier, token: str | None) -> Iterator[int]:
    """The port of a live page in this process."""
    daemon = Daemon(Config(camera=str(WALK), broker=None), VideoFile(WALK), Models(classifier))
    server = WebServer(WebOptions(("127.0.0.1", 0)), token)
    server.on_start(daemon.status, daemon.controls)
    logging.getLogger("aiohttp.server").setLevel(logging.DEBUG)
    yield int(server.url.split(":")[2].strip("/"))
    server.close()


@pytest.fixture(scope="module")
def port(classifier: EmotionClassifier) -> Iterator[int]:
    """A page with a token."""
    with serve(classifier, TOKEN) as port:
        yield port


@pytest.fixture(scope="module")
def open_port(classifier: EmotionClassifier) -> Iterator[int]:
    """A page without a token."""
    with serve(classifier, None) as port:
        yield port


def make_request(first: bytes, *headers: bytes, host: bytes = b"Host: localhost", body: bytes = b"") -> bytes:
    return b"\r\n".join([first, host, *headers, b"", body])


def send(port: int, data: bytes, timeout: float = 5.0) -> bytes:
    """Send bytes and return the response, or what has arrived of it within `timeout` seconds."""
    response = b""
    with closing(socket.create_connection(("127.0.0.1", port), timeout=timeout)) as connection:
        try:
            connection.sendall(data)
            while received := connection.recv(65536):
                response += received
                head, _, body = response.partition(b"\r\n\r\n")
                length = head.lower().partition(b"content-length: ")[2].partition(b"\r")[0]
                if length and len(body) >= int(length):
                    break
        except (TimeoutError, ConnectionError):
            pass
    return response


def assert_has_headers(response: bytes) -> None:
    lines = response.partition(b"\r\n\r\n")[0].decode().split("\r\n")[1:]
    headers = dict(line.split(": ", 1) for line in lines)
    assert {name: headers.get(name) for name in HEADERS} == HEADERS
    assert "Server" not in headers


@pytest.mark.parametrize(
    "data",
    [
        *(
            make_request(b"GET /api/state HTTP/1.1", BEARER, host=b"Host: " + host)
            for host in (
                b"localhost:99999",
                b"localhost:-1",
                b"localhost:http",
                b"\xff\xfe",
                b"127.0.0.1:65536",
                b"::1",
            )
        ),
        make_request(b"GET /api/state HTTP/1.1", host=b"Accept: */*"),
        make_request(b"GET /api/state HTTP/1.1", b"Host: localhost"),
        make_request(b"GET /api/state HTTP/1.1", b"Authorization: Bearer \xff\xfe"),
        make_request(b"GET /api/state HTTP/1.1", b"Expect: \xff"),
        make_request(b"POST /api/pause HTTP/1.1", BEARER, b"Origin: http://[", JSON, b"Content-Length: 0"),
        make_request(b"POST /api/pause HTTP/1.1", BEARER, b"Origin: http://a:99999", JSON, b"Content-Length: 0"),
        make_request(b"GET /metrics HTTP/1.1", BEARER, b"Accept: application/openmetrics-text; version=x"),
        make_request(b"GET /metrics HTTP/1.1", BEARER, b"Accept: text/plain; version=1.0.0\xff"),
        *(
            make_request(b"POST /api/pause HTTP/1.1", BEARER, JSON + charset, b"Content-Length: 2", body=b"{}")
            for charset in (b"; charset=klingon", b"; charset=base64", b"; charset=\xff")
        ),
        make_request(b"POST /login HTTP/1.1", FORM + b"; charset=klingon", b"Content-Length: 7", body=b"token=x"),
        make_request(b"POST /login HTTP/1.1", FORM, b"Content-Length: 7", body=b"token=\xff"),
        make_request(b"POST /login HTTP/1.1", b"Content-Type: multipart/form-data", b"Content-Length: 1", body=b"x"),
        *(
            make_request(b"POST /login HTTP/1.1", MULTIPART, b"Content-Length: %d" % len(body), body=body)
            for body in (
                b'--b\r\nContent-Transfer-Encoding: x\r\nContent-Disposition: form-data; name="a"\r\n\r\na\r\n--b--',
                b'--b\r\nContent-Disposition: form-data; name="_charset_"\r\n\r\nklingon\r\n--b\r\n\r\na\r\n--b--\r\n',
                b"--b\r\n" + b"X: y\r\n" * 5000,
            )
        ),
        make_request(b"POST /login HTTP/1.1", b"Content-Type: \xff", b"Content-Length: 1", body=b"x"),
        *(
            make_request(b"POST /login HTTP/1.1", FORM, b"Content-Length: " + length)
            for length in (b"abc", b"-1", b"+2", b"9" * 40, b"1\r\nContent-Length: 2")
        ),
        make_request(b"POST /login HTTP/1.1", FORM, CHUNKED, body=b"zz\r\nabc"),
        make_request(b"POST /login HTTP/1.1", FORM, CHUNKED, body=b"3\r\nabcdef\r\n0\r\n\r\n"),
        make_request(b"POST /login HTTP/1.1", FORM, CHUNKED, b"Content-Length: 3", body=b"0\r\n\r\n"),
        make_request(b"POST /login HTTP/1.1", FORM, b"Transfer-Encoding: gzip", body=b"x"),
        *(
            make_request(b"GET /api/live HTTP/1.1", BEARER, WEBSOCKET, b"Sec-WebSocket-Key: " + key)
            for key in (b"\xff\xff", b"abc", b"", "é".encode())
        ),
        make_request(b"GET /api/live HTTP/1.1", BEARER, WEBSOCKET.replace(b"13", b"\xff"), b"Sec-WebSocket-Key: a"),
        *(
            make_request(b"GET " + target + b" HTTP/1.1")
            for target in (b"http://localhost:99999/", b"http://[/", b"http:///", b"http://\xff/", b"*", b"x", b"/\0")
        ),
        make_request(b"CONNECT a:99999 HTTP/1.1"),
        make_request(b"GET / HTTP/1.1", b"X: " + b"a" * 9000),
        make_request(b"GET / HTTP/1.1", *[b"X: a"] * 200),
        make_request(b"GET /" + b"a" * 9000 + b" HTTP/1.1"),
        make_request(b"GET / HTTP/1.1", b"X: a\0b"),
        make_request(b"G\xffT / HTTP/1.1"),
    ],
)
def test_a_malformed_request_is_a_client_error_in_one_line_with_the_usual_headers(
    port: int, data: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    response = send(port, data)
    assert response[9:12] == b"400", response[:200]
    assert_has_headers(response)
    assert "error" in json.loads(response.rpartition(b"\r\n")[2])
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING] == []


def test_a_cookie_and_other_headers_that_are_not_utf_8_are_ignored(port: int) -> None:
    cookie = b"Cookie: fer-edge-%d=\xff.\xff; \xff=\xff" % port
    host = b"Host: localhost:%d" % port
    assert send(port, make_request(b"GET /api/state HTTP/1.1", cookie, host=host))[9:12] == b"401"
    assert send(port, make_request(b"GET /api/state HTTP/1.1", BEARER, cookie, b"X: \xff", host=host))[9:12] == b"200"


def test_a_body_that_does_not_arrive_in_time_ends_the_request() -> None:
    async def never(_: web.Request) -> web.Response:
        raise AssertionError("the request is handled")

    async def send_half(data: bytes) -> tuple[bytes, float]:
        app = web.Application(middlewares=[read_body(timeout=0.3)])
        app.router.add_post("/", never)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        reader, writer = await asyncio.open_connection(*runner.addresses[0])
        writer.write(data)
        began = time.monotonic()
        status = await reader.readline()
        seconds = time.monotonic() - began
        writer.close()
        await runner.cleanup()
        return status, seconds

    data = make_request(b"POST / HTTP/1.1", FORM, b"Content-Length: 9", body=b"token")
    status, seconds = run_async(send_half(data))
    assert status.startswith(b"HTTP/1.1 408")
    assert 0.25 < seconds < 2


def some_requests() -> some.SearchStrategy[bytes]:
    """Requests that are nearly valid, and some that are not at all."""
    junk = some.binary(max_size=20)
    text = some.sampled_from(
        [
            b"localhost",
            b"localhost:1",
            b"http://localhost",
            b"chunked",
            b"13",
            b"websocket",
            b"1",
            b"text/plain",
            b"gzip",
        ]
    )
    names = [
        *(b"Host", b"Origin", b"Authorization", b"Cookie", b"Content-Type", b"Content-Length", b"Transfer-Encoding"),
        *(b"Connection", b"Upgrade", b"Sec-WebSocket-Key", b"Sec-WebSocket-Version", b"Sec-WebSocket-Extensions"),
        *(b"Accept", b"Expect", b"Content-Encoding", b"Last-Event-ID", b"X-Forwarded-For", b"Range"),
    ]
    values = junk.map(lambda value: value.replace(b"\r", b"").replace(b"\n", b"")) | text
    header = some.tuples(some.sampled_from(names), values).map(b": ".join)
    paths = [
        b"/",
        b"/api/state",
        b"/api/live",
        b"/api/pause",
        b"/api/events",
        b"/metrics",
        b"/login",
        b"/main.js",
        b"*",
    ]
    target = some.builds(bytes.__add__, some.sampled_from(paths), some.sampled_from([b"", b"?token=%ff"]) | junk)
    first = some.builds(
        lambda method, path, version: b" ".join([method, path, version]),
        some.sampled_from([b"GET", b"POST", b"PUT", b"OPTIONS", b"CONNECT", b"HEAD", b"TRACE"]),
        target,
        some.sampled_from([b"HTTP/1.1", b"HTTP/1.0", b"HTTP/2.0", b""]) | junk,
    )
    nearly_valid = some.builds(
        lambda line, headers, body: make_request(line, *headers, b"Connection: close", body=body),
        first,
        some.lists(header | some.just(BEARER), max_size=5),
        some.binary(max_size=60),
    )
    return nearly_valid | some.binary(min_size=1, max_size=200).map(lambda data: data + b"\r\n\r\n")


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=some_requests())
def test_no_request_is_an_internal_error(
    port: int, open_port: int, data: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.clear()
    for each in (port, open_port):
        response = send(each, data, timeout=0.05)
        assert response[:5] in {b"", b"HTTP/"}
        assert response[9:10] != b"5", response[:200]
        assert send(each, make_request(b"GET /icon.svg HTTP/1.1"))[9:12] == b"200"
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR] == []
