"""The pictures that a browser sends, and what else it may be."""

from __future__ import annotations

import contextlib
import itertools
import threading

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fer_edge.cameras import browser as browsercamera
from fer_edge.cameras.browser import BrowserCamera
from fer_edge.cameras.jpeg import decode, jpeg_size
from fer_edge.cameras.pictures import PictureError
from fer_edge.config.camera import CameraOptions


def jpeg(width: int = 320, height: int = 240, seed: int = 0) -> bytes:
    noise = np.random.default_rng(seed).integers(0, 255, (height, width), np.uint8)
    return bytes(cv2.imencode(".jpg", cv2.GaussianBlur(noise, (9, 9), 0))[1])


@pytest.fixture
def answers() -> list[str | None]:
    return []


@pytest.fixture
def camera(monkeypatch: pytest.MonkeyPatch) -> BrowserCamera:
    monkeypatch.setattr(browsercamera, "POLL_INTERVAL", 0.05)
    monkeypatch.setattr(browsercamera, "TIMEOUT", 0.2)
    made = BrowserCamera()
    made.wanted = True
    return made


def test_a_picture_becomes_a_frame_and_is_answered(camera: BrowserCamera, answers: list[str | None]) -> None:
    camera.offer(jpeg(), answers.append)
    frame = next(iter(camera))
    assert frame
    assert (frame.grey.shape, frame.number, frame.detail) == ((240, 320), 0, None)
    assert answers == [None]
    assert camera.problem is None


def test_the_newest_picture_wins_and_every_one_is_answered(camera: BrowserCamera, answers: list[str | None]) -> None:
    for seed in range(5):
        camera.offer(jpeg(seed=seed), answers.append)
    frame = next(iter(camera))
    assert frame
    assert np.array_equal(frame.grey, decode(jpeg(seed=4)))
    assert (answers, camera.dropped) == ([None] * 5, 4)


def test_a_large_picture_is_searched_small_and_all_are_turned(answers: list[str | None]) -> None:
    camera = BrowserCamera(CameraOptions(rotate=90))
    camera.wanted = True
    camera.offer(jpeg(1280, 960), answers.append)
    frame = next(iter(camera))
    assert frame
    assert frame.detail is not None
    assert (frame.grey.shape, frame.detail.shape) == ((640, 480), (1280, 960))


def test_while_nothing_comes_there_is_no_frame_and_it_is_told(camera: BrowserCamera) -> None:
    frames = iter(camera)
    assert next(frames) is None
    assert str(camera.problem) == "no browser sends pictures"
    threading.Timer(0.02, camera.offer, (jpeg(), lambda _: None)).start()
    assert next(frames)
    assert camera.problem is None


def test_while_it_is_closed_pictures_are_refused(camera: BrowserCamera, answers: list[str | None]) -> None:
    camera.offer(jpeg(), answers.append)
    camera.close()
    camera.offer(jpeg(), answers.append)
    assert answers == ["paused", "paused"]
    threading.Timer(0.02, camera.offer, (jpeg(), answers.append)).start()
    assert next(iter(camera))


WHOLE = jpeg()
BOMB = WHOLE.replace(b"\x00\xf0\x01\x40", b"\xff\xff\xff\xff", 1)  # its header says 65535x65535
FLAT = bytes(cv2.imencode(".jpg", np.full((240, 320), 128, np.uint8))[1])


@pytest.mark.parametrize(
    ("picture", "complaint"),
    [
        (b"", "not a JPEG"),
        (b"\xff\xd8\xff", "not a JPEG"),
        (b"GET / HTTP/1.1" * 100, "not a JPEG"),
        (bytes(cv2.imencode(".png", np.zeros((9, 9), np.uint8))[1]), "not a JPEG"),
        (b"\xff\xd8\xff\xe0\x00\x00" * 1000, "not a JPEG"),
        (WHOLE[:200], "not a JPEG|cut short"),
        (WHOLE[: len(WHOLE) // 2], "cut short"),
        (WHOLE[: len(WHOLE) // 2] + b"\xff\xd9", "only half there"),
        (BOMB, "65535x65535 is too large"),
        (FLAT, "of one grey"),
    ],
)
def test_what_is_no_whole_picture_is_said(
    camera: BrowserCamera, answers: list[str | None], picture: bytes, complaint: str
) -> None:
    with pytest.raises(PictureError, match=complaint) as refusal:
        decode(picture)
    camera.offer(picture, answers.append)
    assert next(iter(camera)) is None
    assert answers == [str(refusal.value)]


@given(st.binary(max_size=600), st.integers(0, len(WHOLE)))
@settings(max_examples=500, deadline=None)
def test_any_bytes_are_a_picture_or_none(some: bytes, place: int) -> None:
    for made in (some, b"\xff\xd8\xff" + some, WHOLE[:place] + some, WHOLE[:place] + some + WHOLE[place:]):
        try:
            width, height = jpeg_size(made)
        except PictureError:
            continue
        with contextlib.suppress(PictureError):
            assert decode(made).shape == (height, width)


def test_sizes_are_read_from_every_kind_of_jpeg() -> None:
    picture = np.zeros((50, 70, 3), np.uint8)
    kinds = itertools.product((0, 1), (0, 1), (10, 95))
    for progressive, optimised, quality in kinds:
        options = [cv2.IMWRITE_JPEG_PROGRESSIVE, progressive, cv2.IMWRITE_JPEG_OPTIMIZE, optimised]
        made = bytes(cv2.imencode(".jpg", picture, [*options, cv2.IMWRITE_JPEG_QUALITY, quality])[1])
        assert jpeg_size(made) == (70, 50)
