from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from tests.support.media import WALK

from fer_edge.cameras.container import NO_END, NO_FRAME, NO_INDEX, find_cut, is_iso_media
from fer_edge.cameras.files import DamagedError, VideoFile
from fer_edge.errors import UsageError

SMALL = ("-i", WALK, "-vf", "scale=160:90", "-frames:v", "20")
CLIPS = {  # how ffmpeg makes them, and what is wrong with their first 200 bytes
    "clip.mp4": (("-c:v", "mpeg4"), NO_INDEX),
    "faststart.mp4": (("-c:v", "mpeg4", "-movflags", "faststart"), NO_END),
    "clip.mov": (("-c:v", "mpeg4"), NO_INDEX),
    "clip.mkv": (("-c:v", "mpeg4"), NO_END),
    "live.webm": (("-c:v", "libvpx", "-deadline", "realtime", "-f", "webm", "-live", "1"), NO_END),
    "clip.avi": (("-c:v", "mpeg4"), NO_END),
    "clip.ogv": (("-c:v", "libtheora"), NO_END),
    "clip.wmv": (("-c:v", "wmv2"), NO_FRAME),
}
SOUND = ("sound.m4a", "sound.mka", "sound.avi", "sound.ogg", "sound.flv")


def ffmpeg(*arguments: object) -> None:
    subprocess.run(["ffmpeg", "-v", "error", "-y", *map(str, arguments)], check=True, timeout=60)


@pytest.mark.parametrize("name", CLIPS)
def test_a_clip_that_is_cut_before_its_first_frame_is_damaged(tmp_path: Path, name: str) -> None:
    options, reason = CLIPS[name]
    ffmpeg(*SMALL, *options, tmp_path / name)
    content = (tmp_path / name).read_bytes()
    assert find_cut(tmp_path / name, has_frames=False) in {None, NO_FRAME}
    assert find_cut(tmp_path / name) is None
    (tmp_path / name).write_bytes(content[:200])
    with pytest.raises(DamagedError, match="a video, but cut short, damaged or never finished") as caught:
        VideoFile(tmp_path / name)
    assert caught.value.message.endswith(reason)


def test_a_recording_of_a_browser_that_ends_before_its_first_cluster_is_damaged(tmp_path: Path) -> None:
    ffmpeg(*SMALL, *CLIPS["live.webm"][0], tmp_path / "live.webm")
    content = (tmp_path / "live.webm").read_bytes()
    (tmp_path / "live.webm").write_bytes(content[: content.index(b"\x1f\x43\xb6\x75")])
    assert find_cut(tmp_path / "live.webm") == NO_FRAME


@pytest.mark.parametrize("header", [b"Wx Hy", b"W" + b"9" * 5000, b"W-4 H-4", b"C420", b"W4 H4 C\xff"])
def test_a_malformed_header_of_a_y4m_is_no_error_of_the_search(tmp_path: Path, header: bytes) -> None:
    (tmp_path / "clip.y4m").write_bytes(b"YUV4MPEG2 " + header + b"\nFRAME\n" + bytes(1000))
    with pytest.raises((UsageError, DamagedError), match=r"clip\.y4m"):
        list(VideoFile(tmp_path / "clip.y4m"))


def test_a_transport_stream_of_garbage_after_its_first_packets_is_damaged(tmp_path: Path) -> None:
    for name, packet in (("clip.ts", 188), ("clip.m2ts", 192)):
        ffmpeg(*SMALL, "-c:v", "mpeg2video", tmp_path / name)
        content = (tmp_path / name).read_bytes()
        (tmp_path / name).write_bytes(content[: 3 * packet] + bytes(50_000))
        with pytest.raises(DamagedError, match=NO_FRAME):
            list(VideoFile(tmp_path / name))
        (tmp_path / name).write_bytes(content[:-100])
        assert find_cut(tmp_path / name) == NO_END
        (tmp_path / name).write_bytes(content + bytes(5000))
        assert find_cut(tmp_path / name) is None, "a recorder may fill up its file"


@pytest.mark.parametrize("name", SOUND)
def test_sound_is_no_damaged_video(tmp_path: Path, name: str) -> None:
    ffmpeg("-f", "lavfi", "-i", "sine=frequency=440:duration=1", tmp_path / name)
    with pytest.raises(UsageError, match="neither a picture nor a video"):
        VideoFile(tmp_path / name)


def test_a_picture_in_boxes_is_no_damaged_video(tmp_path: Path) -> None:
    heic = tmp_path / "a.heic"
    heic.write_bytes(b"\0\0\0\x10ftypheic\0\0\0\0\0\0\0\x0cmeta\0\0\0\0\0\0\0\x0cmdat\0\0\0\0")
    assert is_iso_media(heic)
    assert find_cut(heic, has_frames=False) is None


@pytest.mark.parametrize("name", CLIPS)
def test_no_damage_makes_the_search_for_a_cut_fail(tmp_path: Path, name: str) -> None:
    ffmpeg(*SMALL, *CLIPS[name][0], tmp_path / name)
    content = (tmp_path / name).read_bytes()
    for size in (*range(40), 100, 1000):
        for filler in (b"\0", b"\xff", b"\x01"):
            (tmp_path / name).write_bytes(content[:size] + filler * 100)
            assert find_cut(tmp_path / name, has_frames=False) in {NO_END, NO_FRAME, NO_INDEX, None}
