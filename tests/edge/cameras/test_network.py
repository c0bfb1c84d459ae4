"""Cameras with an address: OpenCV's FFmpeg with a server that comes and goes."""

from __future__ import annotations

import json
import logging
import signal
import subprocess
import threading
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import numpy as np
import pytest
from tests.support.media import MEDIA
from tests.support.mjpeg import MjpegCamera, jpeg
from tests.support.network import free_port
from tests.support.processes import command
from tests.support.waiting import open_descriptors, wait_until

from fer_edge.cameras.base import CameraError
from fer_edge.cameras.cures import CHECK_ADDRESS
from fer_edge.cameras.factory import open_source
from fer_edge.cameras.frame import Frame
from fer_edge.cameras.network import network_camera
from fer_edge.config.camera import CameraOptions


@pytest.fixture
def server() -> Iterator[MjpegCamera]:
    camera = MjpegCamera()
    yield camera
    camera.stop()


def take(given: Iterator[Frame | None], count: int) -> list[Frame]:
    """The next `count` frames, however long they take to come."""
    frames: list[Frame] = []
    while len(frames) < count:
        if frame := next(given):
            frames.append(frame)
    return frames


def test_frames_resume_after_the_server_was_away_and_no_secret_is_logged(
    server: MjpegCamera, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    source = open_source(server.url)
    given = iter(source)
    before = take(given, 10)
    assert {frame.grey.shape for frame in before} == {(240, 320)}
    assert server.paths == ["/video?token=secret"]
    server.stop()
    while not source.problem:
        next(given)
    assert next(given) is None
    restarted = MjpegCamera(server.port)
    after = take(given, 10)
    source.close()
    restarted.stop()
    numbers = [frame.number for frame in after]
    assert numbers == list(range(numbers[0], numbers[0] + 10))
    assert numbers[0] >= 10
    assert after[0].time > before[-1].time
    assert [record.message.rpartition(": ")[2] for record in caplog.records] == [
        "it delivers no more frames, retrying",
        "delivering frames again",
    ]
    assert "secret" not in caplog.text
    assert "secret" not in source.name


def test_a_server_that_falls_silent_is_a_problem_until_it_sends_again(server: MjpegCamera) -> None:
    silent = threading.Event()
    resumed = threading.Event()

    def picture(number: int) -> bytes:
        if silent.is_set():
            resumed.wait(60)
        return jpeg(number)

    server.picture = picture
    source = open_source(server.url)
    given = iter(source)
    take(given, 10)
    silent.set()
    while next(given):
        pass
    assert str(source.problem) == "no frame for 2 seconds"
    resumed.set()
    take(given, 10)
    assert source.problem is None
    source.close()


def test_the_daemon_ends_the_tracks_of_a_camera_that_went_away_and_starts_new_ones_afterwards() -> None:
    face = (MEDIA / "faces" / "neutral.jpeg").read_bytes()
    server = MjpegCamera(picture=lambda _: face, fps=10)
    arguments = command("fer_edge", "--camera", server.url, "--mqtt", "none", "--print")
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stderr
        lines = iter(process.stdout.readline, "")

        def next_of(kind: str) -> dict[str, Any]:
            return next(event for event in map(json.loads, lines) if event["type"] == kind)

        first = next_of("start")
        server.stop()
        assert next_of("end")["track"] == first["track"]
        restarted = MjpegCamera(server.port, lambda _: face, fps=10)
        second = next_of("start")
        process.send_signal(signal.SIGTERM)
        assert next_of("end")["track"] == second["track"]
        logged = [line for line in process.stderr.read().splitlines() if "camera" in line]
        restarted.stop()
        assert process.wait(10) == 0
    address = f"fer-edge: camera http://127.0.0.1:{server.port}/video: "
    assert logged == [f"{address}it delivers no more frames, retrying", f"{address}delivering frames again"]
    assert second["track"] != first["track"]
    assert second["frame"]["number"] > first["frame"]["number"]
    assert second["frame"]["width"] <= 640


def test_a_slow_reader_gets_the_newest_frame_and_the_others_are_counted_as_dropped(server: MjpegCamera) -> None:
    source = open_source(server.url)
    given = iter(source)
    take(given, 1)
    wait_until(lambda: source.dropped >= 10)
    assert take(given, 1)[0].number == 1
    source.close()
    assert source.dropped >= 10


def test_a_camera_with_a_low_rate_is_read_no_faster(server: MjpegCamera) -> None:
    camera = network_camera(server.url, CameraOptions(fps=5))
    camera.open()
    times = [camera.read().time for _ in range(4)]
    camera.close()
    assert min(np.diff(times)) >= 0.8 / 5


def test_an_address_without_a_server_is_an_error_with_its_cure_and_leaves_nothing_open() -> None:
    camera = network_camera(f"http://127.0.0.1:{free_port()}/", CameraOptions())
    before = open_descriptors()
    for _ in range(20):
        with pytest.raises(CameraError, match="no video from this address") as caught:
            camera.open()
        assert caught.value.cure == CHECK_ADDRESS
    assert open_descriptors() <= before


def test_a_camera_is_named_by_its_address_without_the_secrets() -> None:
    assert open_source("rtsp://user:secret@cam.example:554/stream?key=secret").name == "rtsp://cam.example:554/stream"


def test_a_camera_receives_user_and_password_decoded(server: MjpegCamera) -> None:
    user, password = "a/b@c", "12/se?cr#et[@]:% ä"
    server.login = f"{user}:{password}"
    address = f"http://{quote(user, safe='')}:{quote(password, safe='')}@127.0.0.1:{server.port}/"
    camera = network_camera(address, CameraOptions())
    camera.open()
    assert camera.read().grey.shape == (240, 320)
    camera.close()
