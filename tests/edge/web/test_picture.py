"""The picture of the live page in a real browser: boxes, turned where a head is tilted, and their labels."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from tests.support.browser import OpenPage, StartDaemon
from tests.support.mjpeg import MjpegCamera
from tests.support.page_view import (
    angles,
    boxes,
    expect_faces,
    is_in_box,
    painted_share,
    replace_faces,
    save_screenshot,
    tags,
)
from tests.support.waiting import wait_until
from tests.support.web_daemon import Box as Rect
from tests.support.web_daemon import WebDaemon

from fer_edge.cameras.frame import Frame
from fer_edge.geometry import Box
from fer_edge.tracking.track import TrackedFace
from fer_edge.web.frame_message import describe_faces

FRAME = Frame(np.zeros((270, 480), np.uint8), 0.0, 0)  # of the size of the camera's


def drawn_view(picture: NDArray[np.uint8], start_daemon: StartDaemon, open_page: OpenPage) -> NDArray[np.int64]:
    """The view of the page, in colour, while the camera shows a picture of 640x480."""
    jpeg = cv2.imencode(".jpg", picture)[1].tobytes()
    camera = MjpegCamera(picture=lambda _: jpeg)
    page = open_page(start_daemon(camera.url).url)
    wait_until(lambda: painted_share(page, "#canvas") == 1)
    drawn = cv2.imdecode(np.frombuffer(page.locator("#view").screenshot(), np.uint8), cv2.IMREAD_COLOR)
    camera.stop()
    assert drawn is not None
    return cv2.resize(drawn, (640, 480), interpolation=cv2.INTER_AREA).astype(int)


def test_the_picture_fills_the_view_so_that_boxes_are_where_the_faces_are(
    start_daemon: StartDaemon, open_page: OpenPage
) -> None:
    squares = np.indices((6, 8)).sum(axis=0) % 2  # a chessboard
    picture = np.kron(60 + 120 * squares, np.ones((80, 80))).astype(np.uint8)
    difference = drawn_view(picture, start_daemon, open_page) - picture[..., None]
    assert np.abs(difference).mean() < 6  # the corners of the view are rounded


def test_the_picture_is_in_the_colours_of_the_camera(start_daemon: StartDaemon, open_page: OpenPage) -> None:
    colours = ((40, 40, 200), (40, 180, 40), (200, 60, 40), (150, 150, 150))  # blue, green, red of four stripes
    noise = np.random.default_rng(0).integers(-5, 5, (480, 640, 1))
    picture = (np.repeat(np.array(colours), 160, axis=0)[None] + noise).astype(np.uint8)
    drawn = drawn_view(picture, start_daemon, open_page)
    for number, colour in enumerate(colours):
        part = drawn[200:280, 160 * number + 40 : 160 * number + 120]
        assert np.abs(part.mean(axis=(0, 1)) - colour).max() < 10


def described_face(box: Box, angle: float, track: int = 1) -> dict[str, Any]:
    """A face as in the message of a frame; box: before clipping, pixels of a frame of 480x270."""
    (face,) = describe_faces(FRAME, [TrackedFace(track, box, 0, np.ones(1, np.float32), angle=angle)], ["happy"])
    return {**face, "scores": [0.7, 0.05, 0.05, 0.05, 0.05, 0.05, 0.05]}


@pytest.mark.parametrize("angle", [25.0, -40.0])
def test_the_box_of_a_tilted_face_is_turned(porch: WebDaemon, open_page: OpenPage, angle: float) -> None:
    page = open_page(porch.url)
    box = Box(180, 70, 120, 120)
    replace_faces(page, [described_face(box, angle)])
    expect_faces(page)
    assert angles(page) == [angle]
    for x, y in box.scaled(0.9).turned_corners(angle):
        assert is_in_box(page, x / 480, y / 270)
    for x, y in [*box.scaled(1.1).turned_corners(angle), *box.scaled(0.95).turned_corners(0)]:
        assert not is_in_box(page, x / 480, y / 270)
    save_screenshot(page, f"turned{angle:+.0f}")


def test_an_upright_box_ends_at_the_edge_of_the_picture_and_a_turned_one_continues_beyond_it(
    porch: WebDaemon, open_page: OpenPage
) -> None:
    page = open_page(porch.url)
    upright, turned = Box(-30, 27, 96, 96), Box(-30, 135, 96, 96)
    replace_faces(page, [described_face(upright, 0), described_face(turned, 20, track=2)])
    expect_faces(page)
    assert angles(page) == [0, 20]
    drawn = [box for _, box in boxes(page)]
    assert drawn[0] == pytest.approx((0, 27 / 270, 66 / 480, 96 / 270), abs=0.002)
    assert drawn[1] == pytest.approx((-30 / 480, 135 / 270, 96 / 480, 96 / 270), abs=0.002)


@pytest.mark.parametrize("angle", [0, 30, -30])
@pytest.mark.parametrize(("width", "height"), [(1280, 800), (360, 740)])
def test_labels_are_upright_in_the_picture_and_beside_their_faces(
    porch: WebDaemon, open_page: OpenPage, width: int, height: int, angle: float
) -> None:
    page = open_page(porch.url, width=width, height=height)
    faces = [Box(x, y, 60, 60) for x in (-15, 200, 435) for y in (-15, 105, 225)]
    replace_faces(page, [described_face(box, angle, track) for track, box in enumerate(faces, start=1)])
    expect_faces(page)
    assert_within_picture(labels := tags(page))
    for (x, y, w, h), face in zip(labels, faces, strict=True):
        label = Box(round(480 * x), round(270 * y), round(480 * w), round(270 * h))
        assert label.intersection(face.turned_bounds(angle).padded(-3)) == 0
    save_screenshot(page, f"labels-{width}{angle:+.0f}")


@pytest.mark.parametrize("angle", [0, 20, -20])
def test_the_label_of_a_face_as_high_as_the_picture_is_inside_it(
    porch: WebDaemon, open_page: OpenPage, angle: float
) -> None:
    page = open_page(porch.url)
    replace_faces(page, [described_face(Box(120, 15, 240, 240), angle)])
    expect_faces(page)
    assert_within_picture(labels := tags(page))
    ((x, y, w, h),) = labels
    # In the upper corner that a tilted face leaves free.
    assert is_in_box(page, x + w / 2, y + h / 2) == (angle == 0)
    save_screenshot(page, f"large{angle:+.0f}")


def assert_within_picture(labels: list[Rect]) -> None:
    for x, y, w, h in labels:
        assert min(x, y) >= -0.001
        assert max(x + w, y + h) <= 1.001
        assert h < 0.16  # one line of text that is not turned
