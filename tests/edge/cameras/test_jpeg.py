"""JPEGs from strangers: complete ones are decoded, everything else is refused with the reason."""

from __future__ import annotations

import contextlib
import itertools

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.mjpeg import jpeg

from fer_edge.cameras.jpeg import decode, jpeg_size
from fer_edge.cameras.pictures import PictureError

WHOLE = jpeg(0)
BOMB = WHOLE.replace(b"\x00\xf0\x01\x40", b"\xff\xff\xff\xff", 1)  # its header claims 65535x65535
UNIFORM = bytes(cv2.imencode(".jpg", np.full((240, 320), 128, np.uint8))[1])


def test_a_jpeg_becomes_a_grey_image() -> None:
    image = decode(WHOLE)
    assert (image.shape, image.dtype.name) == ((240, 320), "uint8")
    assert np.array_equal(image, cv2.imdecode(np.frombuffer(WHOLE, np.uint8), cv2.IMREAD_GRAYSCALE))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "not a JPEG"),
        (b"\xff\xd8\xff", "not a JPEG"),
        (b"GET / HTTP/1.1" * 100, "not a JPEG"),
        (bytes(cv2.imencode(".png", np.zeros((9, 9), np.uint8))[1]), "not a JPEG"),
        (b"\xff\xd8\xff\xe0\x00\x00" * 1000, "not a JPEG"),
        (WHOLE[:200], "not a JPEG|cut short"),
        (WHOLE[: len(WHOLE) // 2], "cut short"),
        (WHOLE[: len(WHOLE) // 2] + b"\xff\xd9", "only part of the image is there"),
        (BOMB, "65535x65535 is too large"),
        (UNIFORM, "uniformly grey"),
    ],
)
def test_anything_but_a_complete_jpeg_is_refused_with_the_reason(content: bytes, reason: str) -> None:
    with pytest.raises(PictureError, match=reason):
        decode(content)


@given(st.binary(max_size=600), st.integers(0, len(WHOLE)))
@settings(max_examples=500, deadline=None)
def test_arbitrary_bytes_are_decoded_in_the_size_of_their_header_or_refused(some: bytes, place: int) -> None:
    for content in (some, b"\xff\xd8\xff" + some, WHOLE[:place] + some, WHOLE[:place] + some + WHOLE[place:]):
        try:
            width, height = jpeg_size(content)
        except PictureError:
            continue
        with contextlib.suppress(PictureError):
            assert decode(content).shape == (height, width)


def test_the_size_is_read_from_every_kind_of_jpeg() -> None:
    picture = np.zeros((50, 70, 3), np.uint8)
    for progressive, optimised, quality in itertools.product((0, 1), (0, 1), (10, 95)):
        options = [cv2.IMWRITE_JPEG_PROGRESSIVE, progressive, cv2.IMWRITE_JPEG_OPTIMIZE, optimised]
        content = bytes(cv2.imencode(".jpg", picture, [*options, cv2.IMWRITE_JPEG_QUALITY, quality])[1])
        assert jpeg_size(content) == (70, 50)
