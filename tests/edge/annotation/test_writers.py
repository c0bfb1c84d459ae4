"""What `--annotate` refuses, and what it does when the disk is full."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from tests.support.annotation import LABELS, annotate, error_lines
from tests.support.media import MEDIA, WALK
from tests.support.processes import command

from fer_edge.annotation.picture_writer import FolderWriter, PictureWriter
from fer_edge.annotation.video_writer import VideoWriter
from fer_edge.annotation.writers import open_writer

FACES = MEDIA / "faces"


@pytest.mark.parametrize(
    ("camera", "out", "writer"),
    [
        (WALK, "copy.mp4", VideoWriter),
        (WALK, "copy.GIF", VideoWriter),
        (FACES / "angry.jpg", "copy.png", PictureWriter),
        (FACES, "copies", FolderWriter),
    ],
)
def test_the_writer_is_chosen_by_the_source(tmp_path: Path, camera: Path, out: str, writer: type) -> None:
    assert isinstance(open_writer(str(camera), tmp_path / out, LABELS), writer)


@pytest.mark.parametrize(
    ("camera", "out", "message"),
    [
        (WALK, "copy.mkv", ".mp4 .gif"),
        (WALK, "copy.png", ".mp4 .gif"),
        (FACES / "astronaut.png", "copy.mp4", ".png"),
        (WALK, "missing/copy.mp4", "No such file"),
        (WALK, "folder.mp4", "is a folder"),
        (WALK, f"{'x' * 260}.mp4", "File name too long"),
        (FACES, "x" * 260, "File name too long"),
        (WALK, "caf\udce9.mp4", "must be UTF-8"),
        (WALK, WALK, "the same as --camera"),
        (FACES, FACES, "the same as --camera"),
        (FACES, WALK, "is a file"),
    ],
)
def test_an_unusable_output_is_one_line_and_exit_code_2(
    tmp_path: Path, camera: Path, out: str | Path, message: str
) -> None:
    (tmp_path / "folder.mp4").mkdir()
    before = WALK.read_bytes()
    code, err, events = annotate(camera, tmp_path / out)
    lines = error_lines(err)
    assert (code, len(lines), events) == (2, 1, [])
    assert message in lines[0]
    assert WALK.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["folder.mp4"]


def test_a_picture_is_copied_under_the_longest_name_that_a_file_may_have(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    name = f"{'é' * 125}x.jpg"
    shutil.copy(FACES / "angry.jpg", tmp_path / "in" / name)
    code, _, _ = annotate(tmp_path / "in", tmp_path / "out")
    assert (code, [path.name for path in (tmp_path / "out").iterdir()]) == (0, [name])


def test_a_live_camera_cannot_be_annotated(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="needs a file or folder as --camera"):
        open_writer("/dev/null", tmp_path / "copy.mp4", LABELS)


@pytest.mark.parametrize(("camera", "out"), [(WALK, "copy.mp4"), (WALK, "copy.gif"), (FACES / "angry.jpg", "copy.png")])
def test_a_full_disk_is_one_line_and_exit_code_1_and_leaves_no_file(tmp_path: Path, camera: Path, out: str) -> None:
    arguments = command("fer_edge", "--camera", camera, "--mqtt", "none", "--annotate", tmp_path / out)
    limited = ["bash", "-c", 'ulimit -f 40; exec "$@"', "limited", *arguments]
    done = subprocess.run(limited, capture_output=True, text=True, timeout=120, check=False)
    lines = error_lines(done.stderr)
    assert (done.returncode, len(lines)) == (1, 1), done.stderr
    assert str(tmp_path / out) in lines[0]
    assert list(tmp_path.iterdir()) == []
