"""The markers of a JPEG, compared with what OpenCV decodes."""

from __future__ import annotations

import io
import itertools

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from tests.support.media import HEAD

from fer_edge.cameras.jpeg_markers import is_complete, is_jpeg, jpeg_size

RAMP = np.tile(np.arange(0, 240, 2, np.uint8), (90, 1))  # 120x90
VARIANTS = [
    bytes(cv2.imencode(".jpg", cv2.merge([RAMP, RAMP // 2, 255 - RAMP]), list(itertools.chain(*options)))[1])
    for options in itertools.product(
        [(cv2.IMWRITE_JPEG_PROGRESSIVE, 0), (cv2.IMWRITE_JPEG_PROGRESSIVE, 1)],
        [(cv2.IMWRITE_JPEG_RST_INTERVAL, 0), (cv2.IMWRITE_JPEG_RST_INTERVAL, 3)],
        [(cv2.IMWRITE_JPEG_QUALITY, 10), (cv2.IMWRITE_JPEG_QUALITY, 100)],
    )
]
WHOLE = VARIANTS[-1]


def app1(content: bytes) -> bytes:
    return b"\xff\xe1" + (2 + len(content)).to_bytes(2) + content


def multi_picture() -> bytes:
    """Two pictures in one file (CIPA DC-007), as phones write them."""
    file, (first, second) = io.BytesIO(), (Image.fromarray(RAMP), Image.fromarray(RAMP[::2, ::2]))
    first.save(file, "MPO", save_all=True, append_images=[second])
    return file.getvalue()


@pytest.mark.parametrize("jpeg", VARIANTS)
def test_a_jpeg_is_complete_with_its_last_byte_and_not_before(jpeg: bytes) -> None:
    assert is_jpeg(jpeg)
    assert is_complete(jpeg)
    assert not any(is_complete(jpeg[:length]) for length in range(len(jpeg)))


@pytest.mark.parametrize("tail", [bytes(100), WHOLE[:200], HEAD.read_bytes(), b"\xff\xda\xff\xd9\xff\xda", b"\xff"])
def test_what_follows_the_picture_is_ignored(tail: bytes) -> None:
    assert is_complete(WHOLE + tail)
    assert jpeg_size(WHOLE + tail) == (120, 90)


def test_a_picture_within_a_segment_is_not_the_picture() -> None:
    photograph = WHOLE[:2] + app1(b"Exif\0\0" + VARIANTS[0]) + WHOLE[2:]
    assert jpeg_size(photograph) == (120, 90)
    assert is_complete(photograph)
    assert not is_complete(photograph[: len(photograph) * 2 // 3])
    assert is_complete(multi_picture())
    assert jpeg_size(multi_picture()) == (120, 90)


@given(
    st.integers(0, len(WHOLE)), st.sampled_from([b"", b"\xff" * 9, b"\xff\xd3", b"\xff\x01", b"junk", b"\xff\xe1\0\0"])
)
@settings(max_examples=300, deadline=None)
def test_the_size_is_the_one_that_is_decoded(place: int, inserted: bytes) -> None:
    content = WHOLE[:place] + inserted + WHOLE[place:]
    picture = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_GRAYSCALE)
    if picture is not None:
        assert jpeg_size(content) == picture.shape[::-1]
