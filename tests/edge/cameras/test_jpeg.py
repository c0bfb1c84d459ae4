"""JPEGs from strangers: complete ones are decoded, everything else is refused with the reason."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.mjpeg import jpeg

from fer_edge.cameras.jpeg import decode_colour, decode_jpeg
from fer_edge.cameras.pictures import PictureError

WHOLE = jpeg(0)
BOMB = WHOLE.replace(b"\x00\xf0\x01\x40", b"\xff\xff\xff\xff", 1)  # its header claims 65535x65535
UNIFORM = bytes(cv2.imencode(".jpg", np.full((240, 320), 128, np.uint8))[1])


def test_a_jpeg_becomes_a_grey_image() -> None:
    image = decode_jpeg(WHOLE)
    assert (image.shape, image.dtype.name) == ((240, 320), "uint8")
    assert np.array_equal(image, cv2.imdecode(np.frombuffer(WHOLE, np.uint8), cv2.IMREAD_GRAYSCALE))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "not a JPEG"),
        (b"\xff\xd8\xff", "cut short"),
        (b"GET / HTTP/1.1" * 100, "not a JPEG"),
        (bytes(cv2.imencode(".png", np.zeros((9, 9), np.uint8))[1]), "not a JPEG"),
        (b"\xff\xd8\xff\xe0\x00\x00" * 1000, "cut short"),
        (b"\xff\xd8" + b"\xff" * 1_000_000 + b"\0", "cut short"),
        (WHOLE[:200], "cut short"),
        (WHOLE[: len(WHOLE) // 2], "cut short"),
        (WHOLE[: len(WHOLE) // 2] + b"\xff\xd9", "only part of the image is there"),
        (BOMB, "65535x65535 is too large"),
        (UNIFORM, "uniformly grey"),
    ],
)
def test_anything_but_a_complete_jpeg_is_refused_with_the_reason(content: bytes, reason: str) -> None:
    with pytest.raises(PictureError, match=reason):
        decode_jpeg(content)


@given(st.binary(max_size=300))
@settings(max_examples=100, deadline=None)
def test_arbitrary_bytes_are_refused(some: bytes) -> None:
    for content in (some, b"\xff\xd8\xff" + some):
        with pytest.raises(PictureError):
            decode_jpeg(content)


@pytest.mark.parametrize("hidden_behind", [b"\xff" * 50, b"\xff\xd0", b"\xff\x01", b"\0\xff\0 junk", b"\xff\xe1\0\0"])
def test_a_bomb_costs_no_memory_however_its_size_is_hidden(hidden_behind: bytes) -> None:
    frame_header = BOMB.index(b"\xff\xc0")
    bomb = BOMB[:frame_header] + hidden_behind + BOMB[frame_header:]
    with pytest.raises(PictureError, match="65535x65535 is too large"):
        decode_jpeg(bomb)


@pytest.mark.parametrize(
    ("size", "decoded"), [((640, 480), 640), ((1279, 720), 1279), ((1280, 720), 640), ((2600, 200), 650)]
)
def test_the_colour_of_a_large_jpeg_is_decoded_in_a_size_that_is_enough_for_viewers(
    size: tuple[int, int], decoded: int
) -> None:
    red = np.full((*reversed(size), 3), (0, 0, 200), np.uint8)
    content = bytes(cv2.imencode(".jpg", red)[1])
    colours = decode_colour(content, max(size))
    assert colours.shape[1] == decoded
    assert colours.shape[0] == pytest.approx(size[1] * decoded / size[0], abs=1)
    assert np.abs(colours.astype(int) - (0, 0, 200)).max() < 5
