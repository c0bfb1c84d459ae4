from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest
from tests.support.annotation import LABELS, annotate, left_side_share, read_clip
from tests.support.media import WALK
from tests.support.processes import command
from tests.support.waiting import wait_until

from fer_edge.annotation.output_file import AnnotationError
from fer_edge.annotation.overlay import COLOURS
from fer_edge.annotation.writers import open_writer
from fer_edge.cameras.frame import Frame
from fer_edge.errors import MissingExtraError, UsageError


@pytest.mark.parametrize("suffix", [".mp4", ".gif"])
def test_a_clip_keeps_its_frames_rate_and_size_and_gets_boxes(tmp_path: Path, suffix: str) -> None:
    out = tmp_path / f"copy{suffix}"
    code, _, events = annotate(WALK, out)
    assert code == 0
    copied, original = read_clip(out), read_clip(WALK)
    assert len(copied) == len(original)
    assert copied[0].shape == original[0].shape
    assert cv2.VideoCapture(str(out)).get(cv2.CAP_PROP_FPS) == pytest.approx(12.5, abs=0.01)
    start = next(event for event in events if event["type"] == "start")
    at = start["frame"]["number"]
    assert left_side_share(COLOURS[0], copied[at], start["box"]) > 0.8
    assert left_side_share(COLOURS[0], original[at], start["box"]) < 0.1
    assert list(tmp_path.iterdir()) == [out]


def test_a_gif_is_a_source_too(tmp_path: Path) -> None:
    gif, out = tmp_path / "in.gif", tmp_path / "out.mp4"
    assert annotate(WALK, gif)[0] == 0
    assert annotate(gif, out)[0] == 0
    assert len(read_clip(out)) == len(read_clip(WALK))


def test_without_pillow_a_gif_is_refused_and_the_error_names_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'fer-edge\[annotate\]'"):
        open_writer(str(WALK), tmp_path / "copy.gif", LABELS)


def test_a_clip_that_is_too_long_for_a_gif_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fer_edge.annotation.video_writer.MAX_GIF_PIXELS", 10**6)
    with pytest.raises(UsageError, match=r"too long for a GIF.*\.mp4"):
        open_writer(str(WALK), tmp_path / "copy.gif", LABELS)


def test_a_source_with_fewer_frames_than_the_run_is_an_error(tmp_path: Path) -> None:
    writer, frames = open_writer(str(WALK), tmp_path / "copy.mp4", LABELS), len(read_clip(WALK))
    frame = Frame(np.zeros((270, 480), np.uint8), 0.0, frames)
    for _ in range(frames):
        writer.write(frame, [])
    with pytest.raises(AnnotationError, match=f"frame {frames} could not be read again"):
        writer.write(frame, [])
    writer.discard()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_a_run_that_is_stopped_early_leaves_the_older_copy_in_place(tmp_path: Path, how: signal.Signals) -> None:
    out, partial = tmp_path / "copy.mp4", tmp_path / ".copy.part.mp4"
    out.write_bytes(b"an older copy")
    arguments = command("fer_edge", "--camera", WALK, "--mqtt", "none", "--threads", "1", "--annotate", out)
    with subprocess.Popen(arguments, stderr=subprocess.PIPE) as process:
        wait_until(partial.exists)
        time.sleep(0.05)  # at the start it exists for a moment, to find out whether it can be created
        wait_until(partial.exists)
        process.send_signal(how)
        process.wait(30)
    assert out.read_bytes() == b"an older copy"
    assert partial.exists() == (how is signal.SIGKILL)
