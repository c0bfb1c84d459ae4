from __future__ import annotations

import os
import subprocess
import sys
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from tests.support.media import MEDIA, WALK

from fer_edge.cameras.pictures import (
    MAX_FILE_SIZE,
    PICTURE_SUFFIXES,
    PictureError,
    is_picture,
    list_pictures,
    read_grey,
)

RAMP = np.tile(np.arange(0, 240, 4, np.uint8), (50, 1))
PNG = cv2.imencode(".png", RAMP)[1].tobytes()
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


@pytest.mark.parametrize("suffix", PICTURE_SUFFIXES)
@pytest.mark.parametrize("kept", [0.3, 0.7, 0.99])
def test_a_picture_that_is_cut_short_is_refused_under_any_suffix(tmp_path: Path, suffix: str, kept: float) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (80, 60, 3), np.uint8)
    content = cv2.imencode(suffix, noise if suffix != ".pgm" else noise[..., 0])[1].tobytes()
    path = tmp_path / "half.jpg"
    path.write_bytes(content[: int(kept * len(content))])
    with pytest.raises(PictureError, match=r"half\.jpg: (cut short|not a picture that can be read)"):
        read_grey(path)


def test_what_a_picture_is_follows_from_its_content_and_not_from_its_suffix(tmp_path: Path) -> None:
    for name, content in {"png.jpg": PNG, "jpeg": JPEG, "jpeg.mp4": JPEG, "bmp": cv2.imencode(".bmp", RAMP)[1]}.items():
        (tmp_path / name).write_bytes(bytes(content))
        assert is_picture(tmp_path / name)
        assert read_grey(tmp_path / name).shape == RAMP.shape
    assert not is_picture(WALK)
    assert not is_picture(tmp_path / "gone.jpg")


@pytest.mark.parametrize("content", [b"", b"no png", cv2.imencode(".png", RAMP)[1].tobytes()[:40]])
def test_anything_but_a_picture_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.png").write_bytes(content)
    with pytest.raises(PictureError, match=r"a\.png: not a picture that can be read, or damaged"):
        read_grey(tmp_path / "a.png")


READ_BOMBS = """
import resource, sys
from pathlib import Path
from fer_edge.cameras.pictures import PictureError, read_colour, read_grey
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for path in sorted(Path(sys.argv[1]).iterdir()):
    for read in (read_grey, read_colour):
        try:
            read(path)
        except PictureError as error:
            print(error)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) >> 10)
"""


def test_a_picture_of_gigabytes_in_a_small_file_is_refused_in_little_memory(tmp_path: Path) -> None:
    noise = cv2.imencode(".jpg", np.random.default_rng(0).integers(0, 255, (240, 320), np.uint8))[1].tobytes()
    at = noise.index(b"\xff\xc0")
    huge = noise[at:].replace(b"\x00\xf0\x01\x40", b"\xff\xdc\xff\xdc", 1)
    png = bytearray(PNG)
    png[16:24] = (20000).to_bytes(4) * 2
    png[29:33] = zlib.crc32(png[12:29]).to_bytes(4)
    bombs = {
        "fill.jpg": noise[:at] + b"\xff" * 99 + huge,
        "stray.jpg": noise[:at] + b"\xff\xd0\xff\x01 \0" + huge,
        "one.png": bytes(png),
        "two.pgm": b"P5 20000 20000 255\n" + bytes(100),
        "wide.pgm": b"P5 1000000 10 255\n" + bytes(100),
        "three.bmp": cv2.imencode(".bmp", RAMP)[1].tobytes()[:18] + (20000).to_bytes(4, "little") * 2 + bytes(400),
    }
    for name, content in bombs.items():
        (tmp_path / name).write_bytes(content)
    command = [sys.executable, "-c", READ_BOMBS, str(tmp_path)]
    *lines, growth = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    assert len(lines) == 2 * len(bombs)
    assert sum("too large" in line for line in lines) >= 2 * (len(bombs) - 1), "the BMP is merely damaged"
    assert int(growth) < 30, "MiB"


def test_an_entry_that_cannot_be_read_is_named_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "dead.png").symlink_to("/nowhere")
    (tmp_path / "endless.png").symlink_to("/dev/zero")
    os.mkfifo(tmp_path / "fifo.png")
    with (tmp_path / "sparse.png").open("wb") as file:
        file.truncate(MAX_FILE_SIZE + 1)
    reasons = {
        "gone.png": "No such file or directory",
        "dead.png": "No such file or directory",
        "folder.png": "is a directory",
        "endless.png": "not a regular file",
        "fifo.png": "not a regular file",
        "sparse.png": "larger than 256 MiB",
    }
    for name, reason in reasons.items():
        with pytest.raises(PictureError, match=f"{name}: {reason}"):
            read_grey(tmp_path / name)


def test_the_orientation_of_a_photograph_is_applied(tmp_path: Path) -> None:
    exif = bytes.fromhex("ffe1 0022 457869660000 4d4d002a00000008 0001 0112 0003 00000001 0006 0000 00000000")
    (tmp_path / "turned.jpg").write_bytes(JPEG[:2] + exif + JPEG[2:])
    assert read_grey(tmp_path / "turned.jpg").shape == RAMP.shape[::-1]


def test_the_shipped_pictures_are_whole() -> None:
    for path in list_pictures(MEDIA / "faces"):
        assert read_grey(path).size > 0
