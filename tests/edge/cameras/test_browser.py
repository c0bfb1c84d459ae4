from __future__ import annotations

import threading
from collections.abc import Iterator

import cv2
import numpy as np
import pytest
from tests.support.mjpeg import jpeg

from fer_edge.cameras.browser import BrowserCamera
from fer_edge.cameras.jpeg import decode_jpeg
from fer_edge.config.camera import CameraOptions


@pytest.fixture
def replies() -> list[str | None]:
    return []


@pytest.fixture
def camera() -> BrowserCamera:
    return BrowserCamera(poll_interval=0.05, frame_timeout=0.2)


def soon(camera: BrowserCamera, replies: list[str | None]) -> threading.Timer:
    """Offer an image from another thread while this one waits for a frame."""
    timer = threading.Timer(0.02, camera.offer, (jpeg(0), replies.append))
    timer.start()
    return timer


def first_frame(camera: BrowserCamera) -> Iterator[object]:
    return (frame for frame in camera if frame)


def test_an_image_becomes_a_frame_and_is_replied_to(camera: BrowserCamera, replies: list[str | None]) -> None:
    camera.offer(jpeg(0), replies.append)
    frame = next(iter(camera))
    assert frame
    assert (frame.grey.shape, frame.number, frame.detail) == ((240, 320), 0, None)
    assert replies == [None]
    assert camera.problem is None


def test_the_colour_is_turned_as_the_image_whatever_its_metadata() -> None:
    exif = bytes.fromhex("ffe1 0022 457869660000 4d4d002a00000008 0001 0112 0003 00000001 0006 0000 00000000")
    camera = BrowserCamera(CameraOptions(rotate=180), poll_interval=0.05)
    colours = np.zeros((240, 320, 3), np.uint8)
    colours[:120, :160] = (0, 0, 250)
    content = bytes(cv2.imencode(".jpg", colours)[1])
    camera.offer(content[:2] + exif + content[2:], lambda _: None)
    frame = next(iter(camera))
    assert frame
    assert frame.colour
    assert np.abs(frame.colour().astype(int) - colours[::-1, ::-1]).mean() < 2
    assert np.array_equal(frame.grey > 40, frame.colour()[..., 2] > 130)


def test_the_newest_image_wins_and_every_one_is_replied_to(camera: BrowserCamera, replies: list[str | None]) -> None:
    for number in range(5):
        camera.offer(jpeg(number), replies.append)
    frame = next(iter(camera))
    assert frame
    assert np.array_equal(frame.grey, decode_jpeg(jpeg(4)))
    assert (replies, camera.dropped) == ([None] * 5, 4)


def test_a_large_image_is_turned_and_scaled_down_for_the_search(replies: list[str | None]) -> None:
    camera = BrowserCamera(CameraOptions(rotate=90))
    camera.offer(jpeg(0, (1280, 960)), replies.append)
    frame = next(iter(camera))
    assert frame
    assert frame.detail is not None
    assert (frame.grey.shape, frame.detail.shape) == ((640, 480), (1280, 960))


def test_without_images_there_is_no_frame_but_a_problem_with_a_cure(
    camera: BrowserCamera, replies: list[str | None]
) -> None:
    assert str(camera.problem) == "no browser sends pictures yet"
    assert next(iter(camera)) is None
    assert camera.problem
    assert camera.problem.text == "no browser sends pictures"
    assert camera.problem.cure == "open the live page in a browser and let it use its camera"
    timer = soon(camera, replies)
    assert next(first_frame(camera))
    assert camera.problem is None
    timer.join(10)


def test_images_that_stop_become_a_problem_after_a_timeout(camera: BrowserCamera, replies: list[str | None]) -> None:
    camera.offer(jpeg(0), replies.append)
    assert next(iter(camera))
    assert next(iter(camera)) is None
    assert str(camera.problem) == "no browser sends pictures"


def test_while_it_is_closed_images_are_refused(camera: BrowserCamera, replies: list[str | None]) -> None:
    camera.offer(jpeg(0), replies.append)
    camera.close()
    camera.offer(jpeg(0), replies.append)
    assert replies == ["paused", "paused"]
    timer = soon(camera, replies)
    assert next(first_frame(camera))
    timer.join(10)
    assert replies == ["paused", "paused", None]


def test_an_unusable_image_gives_no_frame_and_its_sender_gets_the_reason(
    camera: BrowserCamera, replies: list[str | None]
) -> None:
    camera.offer(jpeg(0)[:2000], replies.append)
    assert next(iter(camera)) is None
    assert replies == ["cut short"]
    assert camera.problem
