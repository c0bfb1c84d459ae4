from __future__ import annotations

import subprocess
from operator import length_hint
from pathlib import Path

import cv2
import numpy as np
import pytest
from tests.support.media import MEDIA, WALK

from fer_edge.cameras.files import DamagedError, PictureFiles, VideoFile
from fer_edge.cameras.frame import Frame
from fer_edge.errors import UsageError


def collect(source: VideoFile | PictureFiles) -> tuple[list[Frame], str]:
    """All frames, and the error that was raised after them."""
    frames: list[Frame] = []
    try:
        for frame in source:
            frames.append(frame)  # noqa: PERF402
    except DamagedError as error:
        return frames, str(error)
    return frames, ""


def ffmpeg(*arguments: object) -> None:
    subprocess.run(["ffmpeg", "-v", "error", "-y", *map(str, arguments)], check=True, timeout=60)


def test_a_video_yields_every_frame_as_grey_with_its_time() -> None:
    frames, error_text = collect(VideoFile(WALK))
    assert error_text == ""
    assert [frame.number for frame in frames] == list(range(41))
    assert {(frame.grey.shape, frame.grey.dtype.name, frame.still) for frame in frames} == {
        ((270, 480), "uint8", False)
    }
    assert [frame.time for frame in frames] == pytest.approx([n / 12.5 for n in range(41)], abs=1e-6)


def test_grey_is_the_luma_of_the_colour_image() -> None:
    frame = next(iter(VideoFile(WALK)))
    received, picture = cv2.VideoCapture(str(WALK)).read()
    assert received
    assert np.array_equal(frame.grey, cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY))


def test_a_truncated_video_yields_its_frames_and_then_an_error_with_their_number(tmp_path: Path) -> None:
    ffmpeg("-i", WALK, "-c", "copy", "-movflags", "faststart", tmp_path / "whole.mp4")
    whole = (tmp_path / "whole.mp4").read_bytes()
    (tmp_path / "cut.mp4").write_bytes(whole[: len(whole) * 2 // 3])
    frames, error_text = collect(VideoFile(tmp_path / "cut.mp4"))
    assert 10 < len(frames) < 41
    assert f"only {len(frames)} of 41" in error_text


def test_a_video_without_its_index_is_refused(tmp_path: Path) -> None:
    (tmp_path / "cut.mp4").write_bytes(WALK.read_bytes()[:60_000])
    with pytest.raises(UsageError, match=r"cut\.mp4"):
        VideoFile(tmp_path / "cut.mp4")


@pytest.mark.parametrize("ending", ["avi", "mkv", "webm", "gif"])
def test_other_containers_are_read_to_their_end(tmp_path: Path, ending: str) -> None:
    ffmpeg("-i", WALK, tmp_path / f"clip.{ending}")
    frames, error_text = collect(VideoFile(tmp_path / f"clip.{ending}"))
    assert error_text == ""
    assert len(frames) in (41, 42)
    times = [frame.time for frame in frames]
    assert times == sorted(set(times))
    assert times[-1] == pytest.approx(3.2, abs=0.15)


def test_a_variable_frame_rate_is_timed_by_the_file(tmp_path: Path) -> None:
    ffmpeg("-i", WALK, "-vf", "select='not(between(n,10,19))'", "-fps_mode", "vfr", tmp_path / "gap.mp4")
    times = [frame.time for frame in collect(VideoFile(tmp_path / "gap.mp4"))[0]]
    assert max(np.diff(times)) == pytest.approx(11 / 12.5, abs=0.01)


def test_a_folder_yields_its_pictures_by_name_each_a_scene_of_its_own(tmp_path: Path) -> None:
    for name, grey in (("b.png", 20), ("a.jpg", 10), ("c.BMP", 30)):
        cv2.imwrite(str(tmp_path / name), np.full((30, 40), grey, np.uint8))
    (tmp_path / "notes.txt").write_text("no picture")
    frames, error_text = collect(PictureFiles(tmp_path))
    assert [round(float(frame.grey.mean())) for frame in frames] == [10, 20, 30]
    assert all(frame.still for frame in frames)
    assert error_text == ""


def test_damaged_pictures_among_good_ones_are_named_at_the_end(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), np.zeros((30, 40), np.uint8))
    (tmp_path / "b.png").write_bytes(b"no png")
    (tmp_path / "c.png").touch()
    (tmp_path / "d.jpg").write_bytes((MEDIA / "faces" / "angry.jpg").read_bytes()[:20_000])
    frames, error_text = collect(PictureFiles(tmp_path))
    assert [frame.number for frame in frames] == [0, 3], "a JPEG that is cut short may still show a face"
    assert "b.png, c.png" in error_text
    assert "d.jpg" not in error_text


def test_a_folder_without_a_readable_picture_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no pictures in this folder") as caught:
        PictureFiles(tmp_path)
    assert caught.value.setting == "camera.source"
    (tmp_path / "a.png").write_bytes(b"no png")
    with pytest.raises(UsageError, match="not a picture that can be read") as caught:
        list(PictureFiles(tmp_path))
    assert caught.value.setting == "camera.source"


def test_files_announce_how_many_frames_they_hold() -> None:
    assert length_hint(VideoFile(WALK)) == 41
    assert length_hint(PictureFiles(MEDIA / "faces")) == len(list((MEDIA / "faces").iterdir()))
