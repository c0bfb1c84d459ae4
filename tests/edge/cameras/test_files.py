from __future__ import annotations

import os
import re
import subprocess
from operator import length_hint
from pathlib import Path

import cv2
import numpy as np
import pytest
from tests.support.media import MEDIA, WALK
from tests.support.processes import run

from fer_edge.cameras.factory import open_source
from fer_edge.cameras.files import DamagedError, PictureFiles, VideoFile
from fer_edge.cameras.frame import Frame
from fer_edge.cameras.pictures import PictureError
from fer_edge.config.camera import CameraOptions
from fer_edge.errors import UsageError


def collect(source: VideoFile | PictureFiles) -> tuple[list[Frame], str]:
    """All frames, and the error that was raised after them."""
    frames: list[Frame] = []
    try:
        frames.extend(frame for frame in source if frame)
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


def test_the_colour_of_a_video_is_kept_only_on_request_and_turned_like_its_grey() -> None:
    frames = iter(source := VideoFile(WALK, CameraOptions(rotate=90)))
    first = next(frames)
    source.keeps_colour = True
    second = next(frames)
    assert first
    assert second
    assert first.colour is None
    assert second.colour
    assert np.array_equal(cv2.cvtColor(second.colour(), cv2.COLOR_BGR2GRAY), second.grey)


def test_the_colour_of_a_picture_is_read_only_when_it_is_needed(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "red.png"), np.full((30, 40, 3), (0, 0, 200), np.uint8))
    frame = next(iter(PictureFiles(tmp_path / "red.png", CameraOptions(rotate=90))))
    assert frame.colour
    assert frame.colour().shape == (40, 30, 3)
    assert np.all(frame.colour() == (0, 0, 200))
    (tmp_path / "red.png").unlink()
    with pytest.raises(PictureError):
        frame.colour()


SMALL = ("-vf", "scale=160:90")
SINE = ("-f", "lavfi", "-i", "sine=frequency=440:duration=6", "-map", "0:v", "-map", "1:a")
VP8 = ("-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8")
GAP = ("-vf", "select='not(between(n,10,29))',scale=160:90", "-fps_mode", "vfr")
CLIPS = {
    "fragmented.mp4": (*SMALL, "-c:v", "libx264", "-g", "10", "-movflags", "frag_keyframe+empty_moov"),
    "long_audio.mp4": (*SINE, *SMALL, "-movflags", "faststart"),
    "long_audio.mkv": (*SINE, *SMALL, "-c:a", "libvorbis"),
    "long_audio.avi": (*SINE, *SMALL, "-c:v", "mpeg4"),
    "gap.webm": (*GAP, *VP8),
    "gap.gif": GAP,
    "recorder.webm": (*SMALL, *VP8, "-f", "webm", "-live", "1"),  # as a browser writes it: no duration
    "clip.ts": (*SMALL, "-c:v", "libx264"),
    "clip.ogv": (*SMALL, "-c:v", "libtheora"),
    "clip.y4m": ("-vf", "scale=161:91", "-pix_fmt", "yuv420p"),
    "deep.y4m": (*SMALL, "-pix_fmt", "yuv422p10", "-strict", "-1"),
    "grey.y4m": (*SMALL, "-pix_fmt", "gray"),
}


@pytest.mark.parametrize("name", CLIPS)
def test_a_clip_is_damaged_if_it_is_cut_and_not_if_its_duration_is_longer_than_its_frames(
    tmp_path: Path, name: str
) -> None:
    ffmpeg("-i", WALK, *CLIPS[name], tmp_path / name)
    count = 21 if name.startswith("gap") else 41
    frames, error_text = collect(VideoFile(tmp_path / name))
    assert (len(frames), error_text) == (count, "")
    times = [frame.time for frame in frames]
    assert times == sorted(set(times))
    assert times[-1] == pytest.approx(3.2, abs=0.15)
    with (tmp_path / name).open("r+b") as file:
        file.truncate(file.seek(0, 2) // 2)
    frames, error_text = collect(VideoFile(tmp_path / name))
    assert 0 < len(frames) < count
    assert re.search(rf"{name}: cut short or damaged, only {len(frames)}( of \d+)? frames could be read \(", error_text)


def test_a_clip_whose_edit_list_hides_frames_is_whole(tmp_path: Path) -> None:
    ffmpeg("-i", WALK, *SMALL, "-c:v", "libx264", "-g", "250", tmp_path / "whole.mp4")
    ffmpeg("-ss", "1.0", "-i", tmp_path / "whole.mp4", "-c", "copy", tmp_path / "trimmed.mp4")
    frames, error_text = collect(VideoFile(tmp_path / "trimmed.mp4"))
    assert error_text == ""
    assert len(frames) == 28


def test_a_recording_that_starts_between_two_key_frames_is_whole(tmp_path: Path) -> None:
    ffmpeg("-i", WALK, *SMALL, "-c:v", "libx264", "-g", "15", tmp_path / "whole.ts")
    (tmp_path / "late.ts").write_bytes((tmp_path / "whole.ts").read_bytes()[188 * 20 :])
    frames, error_text = collect(VideoFile(tmp_path / "late.ts"))
    assert error_text == ""
    assert 10 < len(frames) < 41


def test_a_packet_that_cannot_be_decoded_does_not_end_a_clip(tmp_path: Path) -> None:
    ffmpeg("-i", WALK, *SMALL, "-c:v", "libx264", "-movflags", "faststart", tmp_path / "hole.mp4")
    content = bytearray((tmp_path / "hole.mp4").read_bytes())
    content[len(content) // 2 : len(content) // 2 + 1500] = bytes(1500)
    (tmp_path / "hole.mp4").write_bytes(content)
    frames, error_text = collect(VideoFile(tmp_path / "hole.mp4"))
    assert frames[-1].time == pytest.approx(3.2)
    assert " of 41 frames could be read (FFmpeg: " in error_text


def test_a_codec_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    ffmpeg("-i", WALK, *SMALL, "-c:v", "libsvtav1", "-preset", "12", tmp_path / "clip.mp4")
    frames, error_text = collect(VideoFile(tmp_path / "clip.mp4"))
    # OpenCV has a decoder for it from 4.12 on.
    assert (len(frames) == 41) != ("its codec, AV1, cannot be read here" in error_text)


@pytest.mark.parametrize("name", [b"caf\xe9 %03d.mkv", b"10:30.mp4"])
def test_a_clip_may_have_any_name(tmp_path: Path, name: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = Path(os.fsdecode(name))
    if path.suffix == ".mkv":
        ffmpeg("-i", WALK, "-c", "copy", tmp_path / "clip.mkv")
        (tmp_path / "clip.mkv").rename(path)
    else:
        path.write_bytes(WALK.read_bytes())
    source = VideoFile(path)
    assert source.name.encode().decode() == source.name, "it can be published"
    frames, error_text = collect(source)
    assert (len(frames), error_text) == (41, "")


def test_a_fifo_and_a_device_are_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo.mp4")
    (tmp_path / "endless.mp4").symlink_to("/dev/zero")
    for path in tmp_path.iterdir():
        with pytest.raises(UsageError, match=f"{path.name}: not a regular file"):
            open_source(str(path))


def test_a_video_without_its_index_is_damaged(tmp_path: Path) -> None:
    (tmp_path / "cut.mp4").write_bytes(WALK.read_bytes()[:60_000])
    with pytest.raises(DamagedError, match=r"cut\.mp4: a video, but cut .*: its index \(moov\) is missing") as caught:
        open_source(str(tmp_path / "cut.mp4"))
    assert caught.value.exit_code == 1


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
    assert [frame.file for frame in frames] == ["a.jpg", "b.png", "c.BMP"]
    assert error_text == ""


def test_entries_that_cannot_be_read_are_named_at_the_end_and_the_others_are_read(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), np.zeros((30, 40), np.uint8))
    (tmp_path / "b.png").write_bytes(b"no png")
    (tmp_path / "c.jpg").symlink_to("/nowhere.jpg")
    (tmp_path / "d.jpg").write_bytes((MEDIA / "faces" / "angry.jpg").read_bytes()[:20_000])
    (tmp_path / "e.jpg").mkdir()
    os.mkfifo(tmp_path / "f.jpg")
    cv2.imwrite(str(tmp_path / "g.png"), np.zeros((30, 40), np.uint8))
    (tmp_path / os.fsdecode(b"h\xe9.png")).write_bytes((tmp_path / "g.png").read_bytes())
    frames, error_text = collect(PictureFiles(tmp_path))
    assert [frame.number for frame in frames] == [0, 6, 7]
    for name in (
        "b.png (not a picture",
        "c.jpg (No such file",
        "d.jpg (cut short)",
        "e.jpg (is a directory)",
        "f.jpg (not a",
    ):
        assert name in error_text


def test_each_of_a_hundred_damaged_pictures_is_named(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), np.zeros((30, 40), np.uint8))
    names = [f"half-{number:03}.png" for number in range(100)]
    for name in names:
        (tmp_path / name).write_bytes((tmp_path / "a.png").read_bytes()[:40])
    done = run("fer_edge", "--camera", tmp_path, "--model", "nano", "--detector", "haar")
    assert done.code == 1
    assert [name for name in names if done.err.count(f"{name} (") != 1] == []
    assert "and 95 more" in done.err.splitlines()[-1]


def test_a_folder_without_a_readable_picture_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no pictures in this folder") as caught:
        PictureFiles(tmp_path)
    assert caught.value.setting == "camera.source"
    (tmp_path / "a.png").write_bytes(b"no png")
    with pytest.raises(UsageError, match=r"not pictures that can be read: a\.png") as caught:
        list(PictureFiles(tmp_path))
    assert caught.value.setting == "camera.source"


def test_files_announce_how_many_frames_they_hold() -> None:
    assert length_hint(VideoFile(WALK)) == 41
    assert length_hint(PictureFiles(MEDIA / "faces")) == len(list((MEDIA / "faces").iterdir()))
