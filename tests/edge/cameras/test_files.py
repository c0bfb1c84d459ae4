from __future__ import annotations

import subprocess
from pathlib import Path

import cv2
import numpy as np
import pytest
from tests.support import MEDIA, WALK

from fer_edge.cameras.factory import open_source
from fer_edge.cameras.files import DamagedError, PictureFiles, VideoFile
from fer_edge.cameras.frame import Frame
from fer_edge.errors import UsageError


def collect(source: VideoFile | PictureFiles) -> tuple[list[Frame], str]:
    """All frames, and the complaint that came after them."""
    frames: list[Frame] = []
    try:
        for frame in source:
            frames.append(frame)  # noqa: PERF402
    except DamagedError as error:
        return frames, str(error)
    return frames, ""


def ffmpeg(*arguments: object) -> None:
    subprocess.run(["ffmpeg", "-v", "error", "-y", *map(str, arguments)], check=True, timeout=60)


def test_a_video_gives_every_frame_as_grey_with_its_time() -> None:
    frames, complaint = collect(VideoFile(WALK))
    assert complaint == ""
    assert [frame.number for frame in frames] == list(range(41))
    assert {(frame.grey.shape, frame.grey.dtype.name, frame.still) for frame in frames} == {
        ((270, 480), "uint8", False)
    }
    assert [frame.time for frame in frames] == pytest.approx([n / 12.5 for n in range(41)], abs=1e-6)


def test_grey_is_the_luma_of_the_picture() -> None:
    frame = next(iter(VideoFile(WALK)))
    there, picture = cv2.VideoCapture(str(WALK)).read()
    assert there
    assert np.array_equal(frame.grey, cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY))


def test_a_truncated_video_gives_what_it_has_and_says_how_much(tmp_path: Path) -> None:
    ffmpeg("-i", WALK, "-c", "copy", "-movflags", "faststart", tmp_path / "whole.mp4")
    whole = (tmp_path / "whole.mp4").read_bytes()
    (tmp_path / "cut.mp4").write_bytes(whole[: len(whole) * 2 // 3])
    frames, complaint = collect(VideoFile(tmp_path / "cut.mp4"))
    assert 10 < len(frames) < 41
    assert f"only {len(frames)} of 41" in complaint


def test_a_video_without_its_index_is_no_video(tmp_path: Path) -> None:
    (tmp_path / "cut.mp4").write_bytes(WALK.read_bytes()[:60_000])
    with pytest.raises(UsageError, match=r"cut\.mp4"):
        VideoFile(tmp_path / "cut.mp4")


@pytest.mark.parametrize("ending", ["avi", "mkv", "webm", "gif"])
def test_other_containers_are_read_to_their_end(tmp_path: Path, ending: str) -> None:
    ffmpeg("-i", WALK, tmp_path / f"clip.{ending}")
    frames, complaint = collect(VideoFile(tmp_path / f"clip.{ending}"))
    assert complaint == ""
    assert len(frames) in (41, 42)
    times = [frame.time for frame in frames]
    assert times == sorted(set(times))
    assert times[-1] == pytest.approx(3.2, abs=0.15)


def test_a_variable_frame_rate_is_timed_by_the_file(tmp_path: Path) -> None:
    ffmpeg("-i", WALK, "-vf", "select='not(between(n,10,19))'", "-fps_mode", "vfr", tmp_path / "gap.mp4")
    times = [frame.time for frame in collect(VideoFile(tmp_path / "gap.mp4"))[0]]
    assert max(np.diff(times)) == pytest.approx(11 / 12.5, abs=0.01)


def test_a_folder_gives_its_pictures_by_name_each_a_scene_of_its_own(tmp_path: Path) -> None:
    for name, grey in (("b.png", 20), ("a.jpg", 10), ("c.BMP", 30)):
        cv2.imwrite(str(tmp_path / name), np.full((30, 40), grey, np.uint8))
    (tmp_path / "notes.txt").write_text("no picture")
    frames, complaint = collect(PictureFiles(tmp_path))
    assert [round(float(frame.grey.mean())) for frame in frames] == [10, 20, 30]
    assert all(frame.still for frame in frames)
    assert complaint == ""


def test_a_damaged_picture_among_good_ones_is_named_at_the_end(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), np.zeros((30, 40), np.uint8))
    (tmp_path / "b.png").write_bytes(b"no png")
    (tmp_path / "c.png").touch()
    (tmp_path / "d.jpg").write_bytes((MEDIA / "faces" / "angry.jpg").read_bytes()[:20_000])
    frames, complaint = collect(PictureFiles(tmp_path))
    assert len(frames) == 1
    assert "b.png, c.png, d.jpg" in complaint


def test_what_a_name_means(tmp_path: Path) -> None:
    assert isinstance(open_source(str(WALK)), VideoFile)
    assert isinstance(open_source(str(MEDIA / "faces")), PictureFiles)
    assert isinstance(open_source(str(MEDIA / "faces" / "bryan.png")), PictureFiles)
    for name in ("nosuch.mp4", "nosuch.png", "", "-1", "1.5"):
        with pytest.raises(UsageError, match="no such file"):
            open_source(name)
    with pytest.raises(UsageError, match="no pictures"):
        open_source(str(tmp_path))
