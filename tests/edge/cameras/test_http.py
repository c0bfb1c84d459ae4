"""Cameras over HTTP that give single pictures, or streams as unlike as they are found.

This covers `http_client` and `http_limits`, which only `http` uses.
"""

from __future__ import annotations

import logging
import subprocess
import sys
import time
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import cv2
import numpy as np
import pytest
from tests.support.http_camera import CREDENTIALS, demand_digest, http_camera, send
from tests.support.media import WALK
from tests.support.mjpeg import jpeg

from fer_edge.cameras.base import Camera, CameraError, CameraImage
from fer_edge.cameras.cures import CHECK_ADDRESS
from fer_edge.cameras.http import HttpCamera
from fer_edge.cameras.http_client import BodyReader, HttpClient
from fer_edge.cameras.network import network_camera
from fer_edge.config.addresses import parse_address
from fer_edge.config.camera import ADDRESS_FORM, CameraOptions

JPEG = jpeg(0)
AT = JPEG.index(b"\xff\xc0")
BOMB = JPEG[:AT] + b"\xff" * 60_000 + JPEG[AT:].replace(b"\x00\xf0\x01\x40", b"\xff\xdc\xff\xdc", 1)


def take(camera: Camera, count: int) -> list[CameraImage]:
    images: list[CameraImage] = []
    while len(images) < count:
        if image := camera.read():
            images.append(image)
    return images


@pytest.mark.parametrize("kind", ["image/jpeg", "image/jpg; charset=x", "application/octet-stream", "text/html"])
def test_an_address_that_gives_one_picture_is_polled_at_the_rate(kind: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    requests: list[str] = []

    def respond(handler: BaseHTTPRequestHandler) -> None:
        requests.append(handler.path)
        send(handler, jpeg(len(requests)), kind)

    with http_camera(respond) as address:
        camera = network_camera(address + "?token=secret", CameraOptions(fps=20))
        camera.open()
        images = take(camera, 5)
        camera.close()
    assert requests == ["/capture?token=secret"] * 5
    assert {image.grey.shape for image in images} == {(240, 320)}
    assert np.diff([image.time for image in images]).mean() == pytest.approx(1 / 20, rel=0.5)
    assert camera.name == f"{address} (a single picture, requested 20 times a second)"
    assert camera.name in caplog.text
    assert "secret" not in caplog.text


def test_a_single_picture_behind_digest_credentials_is_polled() -> None:
    def respond(handler: BaseHTTPRequestHandler) -> None:
        if demand_digest(handler):
            send(handler, JPEG)

    with http_camera(respond) as address:
        camera = network_camera(address.replace("//", f"//{CREDENTIALS}@"), CameraOptions(fps=50))
        camera.open()
        assert len(take(camera, 2)) == 2
        camera.close()
        refused = network_camera(address.replace("//", "//us%20er:wrongsecret@"), CameraOptions())
        with pytest.raises(CameraError, match=r"no video from this address \(HTTP 401\)") as caught:
            refused.open()
    assert caught.value.cure == CHECK_ADDRESS


@pytest.mark.parametrize(
    ("boundary", "part"),
    [
        ("frame", b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n%s\r\n"),
        ("--frame", b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length:%d\r\n\r\n%s\r\n"),
        ('"frame"', b"\r\n--frame\r\nX-Timestamp: 1.5\r\nContent-length: %d \r\n\r\n%s"),
        ("frame", b"--frame\nContent-Type: image/jpeg\nX-Size: %d\n\n%s\n"),
    ],
)
def test_streams_are_read_with_and_without_lengths(boundary: str, part: bytes) -> None:
    def respond(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", f"multipart/x-mixed-replace;boundary={boundary}")
        handler.end_headers()
        for number in range(5):
            content = JPEG[:2000] if number == 2 else jpeg(number)  # one is damaged
            handler.wfile.write(part % (len(content), content))

    with http_camera(respond) as address:
        camera = network_camera(address, CameraOptions())
        camera.open()
        assert len(take(camera, 3)) == 3
        with pytest.raises(CameraError, match="it delivers no more frames"):
            take(camera, 9)
        camera.close()
    assert camera.name == address


def test_a_video_over_http_is_left_to_ffmpeg(tmp_path: Path) -> None:
    subprocess.run(["ffmpeg", "-v", "error", "-i", WALK, "-c", "copy", tmp_path / "clip.mkv"], check=True)
    content = (tmp_path / "clip.mkv").read_bytes()
    with http_camera(lambda handler: send(handler, content, "video/x-matroska")) as address:
        camera = network_camera(address, CameraOptions())
        camera.open()
        assert {image.grey.shape for image in take(camera, 5)} == {(270, 480)}
        camera.close()


READ_BOMBS = """
import resource, sys, time
from fer_edge.cameras.base import CameraError
from fer_edge.cameras.network import network_camera
from fer_edge.config.addresses import parse_address
from fer_edge.config.camera import ADDRESS_FORM, CameraOptions
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
camera = network_camera(sys.argv[1], CameraOptions(fps=20))
camera.open()
try:
    while True:
        assert camera.read() is None
except CameraError as error:
    print(error)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) >> 10)
"""


@pytest.mark.parametrize("kind", ["image/jpeg", "multipart/x-mixed-replace;boundary=b"])
def test_a_picture_of_gigabytes_is_refused_in_little_memory(kind: str) -> None:
    def respond(handler: BaseHTTPRequestHandler) -> None:
        if kind == "image/jpeg":
            send(handler, BOMB)
            return
        handler.send_response(200)
        handler.send_header("Content-Type", kind)
        handler.end_headers()
        while True:
            handler.wfile.write(b"--b\r\nContent-Length: %d\r\n\r\n%s\r\n" % (len(BOMB), BOMB))
            time.sleep(0.1)

    with http_camera(respond) as address:
        child = subprocess.run(
            [sys.executable, "-c", READ_BOMBS, address], capture_output=True, text=True, check=True, timeout=60
        )
    error, growth = child.stdout.splitlines()
    assert "its pictures cannot be read (a picture of 65500x65500 is too large" in error
    assert int(growth) < 30, "MiB"


def test_a_body_without_end_is_given_up() -> None:
    def respond(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", "image/jpeg")
        handler.end_headers()
        while True:
            handler.wfile.write(bytes(1 << 20))

    with http_camera(respond) as address:
        camera = network_camera(address, CameraOptions())
        assert isinstance(camera, HttpCamera)
        camera.open()
        with pytest.raises(CameraError, match="its picture has no end"):
            camera.read()
        camera.close()


CHUNKED = b"Content-Type: image/jpeg\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n\xff\xd8\xff\r\n0\r\n"


@pytest.mark.parametrize("pause", [0.0, 0.1])
@pytest.mark.parametrize(
    ("start", "endless", "error"),
    [
        (b"HTTP/1.1 200 OK\r\nX: ", b"a", r"no video from this address \(no complete response in time\)"),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n", r"no video from this address \(no complete response in time\)"),
        (b"HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n", b"a", r"no video from this address \(HTTP 302\)"),
        (b"HTTP/1.1 200 OK\r\n" + CHUNKED, b"X: a\r\n", "its picture has no end"),
    ],
    ids=["head", "continue", "redirect", "trailers"],
)
def test_a_response_without_end_is_given_up_in_time(start: bytes, endless: bytes, error: str, pause: float) -> None:
    def respond(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(start)
        while True:
            handler.wfile.write(endless)
            time.sleep(pause)

    def request(address: str) -> None:
        client = HttpClient(parse_address(address, ADDRESS_FORM), head_timeout=0.5)
        if response := client.get():
            BodyReader(response, client.limit, timeout=0.5).read_all()

    with http_camera(respond) as address:
        began = time.monotonic()
        with pytest.raises(CameraError, match=error):
            request(address)
        assert time.monotonic() - began < 3


@pytest.mark.parametrize(
    ("status", "header", "value", "error"),
    [
        (302, "Location", "FTP://127.0.0.1:9/x", r"\(it redirects to FTP\)"),
        (302, "Location", "file:///etc/passwd", r"\(HTTP 302\)"),
        (401, "WWW-Authenticate", 'Digest realm="x", nonce=', r"\(not a response\)"),
    ],
)
def test_a_hostile_response_is_an_error_of_the_camera(status: int, header: str, value: str, error: str) -> None:
    def respond(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        handler.send_header(header, value)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    with http_camera(respond) as address:
        camera = network_camera(address.replace("://", f"://{CREDENTIALS}@"), CameraOptions())
        with pytest.raises(CameraError, match=error):
            camera.open()


def test_a_stream_whose_boundary_is_no_text_is_read() -> None:
    def respond(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", "multipart/x-mixed-replace; boundary*=utf-7''+2AA-")
        handler.end_headers()
        while True:
            handler.wfile.write(b"--b\r\nContent-Length: %d\r\n\r\n%s\r\n" % (len(JPEG), JPEG))
            time.sleep(0.02)

    with http_camera(respond) as address:
        camera = network_camera(address, CameraOptions())
        camera.open()
        assert take(camera, 2)
        camera.close()


def test_a_picture_has_its_colour_turned_as_its_grey_image() -> None:
    exif = bytes.fromhex("ffe1 0022 457869660000 4d4d002a00000008 0001 0112 0003 00000001 0006 0000 00000000")
    colours = np.zeros((960, 1280, 3), np.uint8)
    colours[:480, :640] = (0, 0, 250)
    content = bytes(cv2.imencode(".jpg", colours)[1])
    with http_camera(lambda handler: send(handler, content[:2] + exif + content[2:])) as address:
        camera = network_camera(address, CameraOptions(fps=20))
        camera.open()
        (image,) = take(camera, 1)
        camera.close()
    assert image.colour
    assert image.colour().shape == (*image.grey.shape, 3) == (640, 480, 3)
    for y, x in np.ndindex(2, 2):
        place = slice(320 * y + 40, 320 * y + 280), slice(240 * x + 30, 240 * x + 210)
        assert (
            (image.grey[place].mean() > 50) == (image.colour()[place].mean(axis=(0, 1))[2] > 200) == ((y, x) == (0, 1))
        )
