from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from tests.support.media import MEDIA

from fer_edge.cameras.pictures import PICTURE_SUFFIXES, PictureError, list_pictures, read_grey

RAMP = np.tile(np.arange(0, 240, 4, np.uint8), (50, 1))
JPEG = cv2.imencode(".jpg", RAMP)[1].tobytes()


@pytest.mark.parametrize("suffix", PICTURE_SUFFIXES)
def test_every_suffix_stands_for_a_format_that_is_read(tmp_path: Path, suffix: str) -> None:
    picture = cv2.cvtColor(RAMP, cv2.COLOR_GRAY2BGR) if suffix == ".ppm" else RAMP  # a .ppm is always in colour
    assert cv2.imwrite(str(tmp_path / f"ramp{suffix}"), picture)
    grey = read_grey(tmp_path / f"ramp{suffix}")
    assert (grey.shape, grey.dtype.name) == (RAMP.shape, "uint8")
    assert np.abs(grey.astype(int) - RAMP).max() < 10


def test_colours_transparency_and_sixteen_bits_become_grey(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "colour.png"), np.full((30, 40, 3), 128, np.uint8))
    cv2.imwrite(str(tmp_path / "alpha.png"), np.full((30, 40, 4), 128, np.uint8))
    cv2.imwrite(str(tmp_path / "deep.png"), np.full((30, 40), 128 * 257, np.uint16))
    for path in list_pictures(tmp_path):
        assert np.array_equal(read_grey(path), np.full((30, 40), 128, np.uint8)), path


def test_a_folder_lists_its_pictures_by_name_whatever_the_case_of_their_suffixes(tmp_path: Path) -> None:
    for name in ("c.PPM", "b.png", "a.Jpg", "notes.txt", "png"):
        (tmp_path / name).touch()
    assert [path.name for path in list_pictures(tmp_path)] == ["a.Jpg", "b.png", "c.PPM"]


@pytest.mark.parametrize("suffix", [".jpg", ".png"])
def test_a_jpeg_that_is_cut_short_is_refused_under_any_suffix(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"half{suffix}"
    path.write_bytes(JPEG[: len(JPEG) * 2 // 3])
    with pytest.raises(PictureError, match=rf"half{suffix}: cut short"):
        read_grey(path)


@pytest.mark.parametrize("trailer", [bytes(100), b"ftypmp42 \xff\xda \x00", JPEG[:200]])
def test_a_jpeg_with_trailing_bytes_is_whole(tmp_path: Path, trailer: bytes) -> None:
    (tmp_path / "a.jpg").write_bytes(JPEG + trailer)
    assert read_grey(tmp_path / "a.jpg").shape == RAMP.shape


def test_the_end_marker_of_a_thumbnail_is_not_that_of_the_picture(tmp_path: Path) -> None:
    thumbnail = b"\xff\xe1" + (2 + len(JPEG)).to_bytes(2) + JPEG
    (tmp_path / "half.jpg").write_bytes(JPEG[:2] + thumbnail + JPEG[2 : len(JPEG) * 2 // 3])
    with pytest.raises(PictureError, match=r"half\.jpg: cut short"):
        read_grey(tmp_path / "half.jpg")


def test_a_jpeg_that_is_cut_short_is_read_if_that_is_allowed(tmp_path: Path) -> None:
    (tmp_path / "half.jpg").write_bytes(JPEG[: len(JPEG) * 2 // 3])
    assert read_grey(tmp_path / "half.jpg", allow_truncated=True).shape == RAMP.shape


@pytest.mark.parametrize("content", [b"", b"no png", cv2.imencode(".png", RAMP)[1].tobytes()[:40]])
def test_anything_but_a_picture_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.png").write_bytes(content)
    with pytest.raises(PictureError, match=r"a\.png: not a picture that can be read"):
        read_grey(tmp_path / "a.png")


def test_a_picture_larger_than_opencv_allows_is_refused(tmp_path: Path) -> None:
    (tmp_path / "huge.pgm").write_bytes(b"P5 70000 70000 255\n" + bytes(100))
    with pytest.raises(PictureError, match="not a picture that can be read"):
        read_grey(tmp_path / "huge.pgm")


def test_a_file_that_cannot_be_opened_is_named_with_the_reason(tmp_path: Path) -> None:
    with pytest.raises(PictureError, match=r"gone\.png: No such file"):
        read_grey(tmp_path / "gone.png")
    (tmp_path / "folder.png").mkdir()
    with pytest.raises(PictureError, match=r"folder\.png: Is a directory"):
        read_grey(tmp_path / "folder.png")


def test_the_orientation_of_a_photograph_is_applied(tmp_path: Path) -> None:
    exif = bytes.fromhex("ffe1 0022 457869660000 4d4d002a00000008 0001 0112 0003 00000001 0006 0000 00000000")
    (tmp_path / "turned.jpg").write_bytes(JPEG[:2] + exif + JPEG[2:])
    assert read_grey(tmp_path / "turned.jpg").shape == RAMP.shape[::-1]


def test_the_shipped_pictures_are_whole() -> None:
    for path in list_pictures(MEDIA / "faces"):
        assert read_grey(path).size > 0
