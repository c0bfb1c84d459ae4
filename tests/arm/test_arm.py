"""The package on emulated 64-bit Arm against this machine. `make test-arm` makes the root file system it needs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from tests.support.media import HEAD, MEDIA, WALK

from fer_edge.config.model import DEFAULT_DETECTOR, HAAR

ROOT = Path(os.environ.get("FER_EDGE_ARM_ROOT", "")).resolve()
CLASSIFY_FACES = Path(__file__).with_name("classify_faces.py")
# fer-edge with only one of the installed runtimes: RUNTIME ARGUMENTS
FER_EDGE = """
import sys
from fer_edge import cli
from fer_edge.inference.runtimes import RUNTIMES
for name in RUNTIMES.keys() - {sys.argv[1]}:
    del RUNTIMES[name]
sys.exit(cli.main(sys.argv[2:]))
"""
# Writes the pixels of a clip to a file and prints the height, width and rate of its frames: CLIP FILE
DECODE = """
import sys, cv2
capture = cv2.VideoCapture(sys.argv[1], cv2.CAP_FFMPEG)
with open(sys.argv[2], "wb") as raw:
    for _, frame in iter(capture.read, (False, None)):
        raw.write(frame.tobytes())
        shape = frame.shape
print([*shape[:2], capture.get(cv2.CAP_PROP_FPS)])
"""
MAX_ROUNDING = 16 / 256  # difference between the scores of two processors for the same crop

pytestmark = pytest.mark.skipif("FER_EDGE_ARM_ROOT" not in os.environ, reason="no Arm root: make test-arm makes one")


def on_arm(*arguments: object) -> str:
    """The output of a Python program on Arm."""
    # With its default processor qemu computes wrong int8 results and reports nothing.
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": f"{ROOT}/opt/site", "QEMU_CPU": "cortex-a72"}
    command = [f"{ROOT}/python", *map(str, arguments)]
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=280, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def on_this_machine(*arguments: object) -> str:
    """The output of a Python program here."""
    return subprocess.run([sys.executable, *map(str, arguments)], capture_output=True, text=True, check=True).stdout


def decode_on_arm(clip: Path, folder: Path) -> Path:
    """Decode a clip on Arm and store its frames without loss."""
    raw, out = folder / "clip.bgr", folder / "clip.mkv"
    height, width, rate = json.loads(on_arm("-c", DECODE, clip, raw))
    frames = ["-f", "rawvideo", "-pix_fmt", "bgr24", "-s", f"{width}x{height}", "-r", str(rate)]
    lossless = ["-c:v", "ffv1", "-pix_fmt", "bgr0", str(out)]
    subprocess.run(["ffmpeg", "-loglevel", "error", *frames, "-i", str(raw), *lossless], check=True, timeout=60)
    return out


def read_frames(clip: Path) -> NDArray[np.int16]:
    """The frames of a clip, BGR, int16 [frames,H,W,3]."""
    capture = cv2.VideoCapture(str(clip), cv2.CAP_FFMPEG)
    return np.array([frame for _, frame in iter(capture.read, (False, None))], np.int16)


def events(python: Callable[..., str], clip: Path, detector: str) -> list[dict[str, Any]]:
    """The daemon's events of a clip, on Arm or here, with the runtime that is installed on Arm."""
    runtime = on_arm("-c", "from fer_edge.inference.runtimes import pick_runtime; print(pick_runtime())").strip()
    flags = ["--camera", clip, "--mqtt", "none", "--threads", 1, "--print", "--detector", detector]
    output = python("-c", FER_EDGE, runtime, *flags)
    printed = [json.loads(line) for line in output.splitlines()]
    for event in printed:
        facts = [event[key] for key in ("type", "track", "emotion", "score", "box")]
        print(f"{python.__name__}, {clip.name}, frame {event['frame']['number']}:", *facts)
    return printed


def starts_and_ends(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The events that begin or end a track."""
    return [event for event in events if event["type"] != "update"]


def is_tie(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether only rounding decides between the emotions of two events."""
    return all(
        event["score"] - event["scores"][name] <= MAX_ROUNDING
        for event in (one, other)
        for name in (one["emotion"], other["emotion"])
    )


def test_the_emulated_machine_is_a_64_bit_arm() -> None:
    assert on_arm("-c", "import platform; print(platform.machine())").strip() == "aarch64"


@pytest.mark.parametrize("model", ["nano", "small", "base"])
def test_a_shipped_model_gives_the_same_scores(model: str) -> None:
    """Apart from some steps of 1/256: kernels for different processors round differently in each layer."""
    arm: dict[str, Any] = json.loads(on_arm(CLASSIFY_FACES, model, MEDIA / "faces"))
    here = json.loads(on_this_machine(CLASSIFY_FACES, model, MEDIA / "faces"))
    assert arm["scores"].keys() == here["scores"].keys(), "the detector must find the same faces"
    assert len(here["scores"]) >= 80
    one, other = (np.array([machine["scores"][crop] for crop in here["scores"]]) for machine in (here, arm))
    differences = np.abs(one - other).max(axis=1) * 256
    same = (one.argmax(axis=1) == other.argmax(axis=1)).mean()
    print(f"{model}: {100 * same:.1f} % of {len(one)} crops get the same emotion; scores differ by")
    print(f"{np.median(differences):.0f} steps of 1/256 in the median and at most {differences.max():.0f};")
    print(f"on Arm {arm['runs_on']}, here {here['runs_on']}")
    assert same > 0.95
    assert np.median(differences) <= 4
    assert differences.max() <= 16


@pytest.mark.parametrize(
    ("clip", "detector", "faces"),
    [(WALK, HAAR, 2), (HEAD, HAAR, 1), (WALK, DEFAULT_DETECTOR, 3), (HEAD, DEFAULT_DETECTOR, 1)],
)
def test_the_same_frames_give_the_same_events(clip: Path, detector: str, faces: int, tmp_path: Path) -> None:
    """Tracks, frames and boxes are equal to the pixel, scores apart from rounding; an emotion differs only in a tie.

    The face network rounds differently on another processor, so its boxes may differ by a pixel.
    """
    arm, here = (events(on_arm, clip, detector), events(on_this_machine, decode_on_arm(clip, tmp_path), detector))
    tolerance = 0.0 if detector == HAAR else 1.01
    assert len(starts_and_ends(here)) == 2 * faces
    ties = set()
    for one, other in zip(starts_and_ends(arm), starts_and_ends(here), strict=True):
        for key in ("type", "track", "frame", "device", "schema", "clock_synced", "duration_s"):
            assert one.get(key) == other.get(key), key
        size = np.tile([other["frame"]["width"], other["frame"]["height"]], 2)
        assert np.abs(np.subtract(one["box"], other["box"]) * size).max() <= tolerance
        assert one["scores"] == pytest.approx(other["scores"], abs=MAX_ROUNDING)
        if one["emotion"] != other["emotion"]:
            assert is_tie(one, other)
            ties.add(one["track"])
    updates = [
        [(event["track"], event["emotion"]) for event in machine if event["type"] == "update"]
        for machine in (arm, here)
    ]
    of_arm, of_here = ([update for update in machine if update[0] not in ties] for machine in updates)
    assert of_arm == of_here


def test_a_clip_gives_the_same_tracks_of_the_cascade_although_the_decoders_differ(tmp_path: Path) -> None:
    """On another processor, H.264 is decoded some of 256 steps brighter or darker.

    The cascade barely detects the second face of the clip: with noise of that size on each pixel its track starts in
    any frame from 12 to 40, and in 5 of 150 tries never. So its first frame is not compared, that of the first face is.
    """
    assert np.abs(read_frames(decode_on_arm(WALK, tmp_path)) - read_frames(WALK)).max() <= 4
    arm, here = (starts_and_ends(events(python, WALK, HAAR)) for python in (on_arm, on_this_machine))
    assert [(event["type"], event["track"]) for event in arm] == [(event["type"], event["track"]) for event in here]
    for one, other in zip(arm, here, strict=True):
        assert one["emotion"] == other["emotion"] or is_tie(one, other)
        distance = np.abs(np.subtract(one["box"], other["box"]))
        tolerance = np.tile(other["box"][2:], 2) / 10  # of the face's size; a box moves by half of a fifth of it
        assert (distance <= tolerance).all()
        assert one["frame"] == other["frame"] or (one["type"], one["track"]) == ("start", 2)


def test_all_three_walkers_are_reported_early_although_the_decoders_differ() -> None:
    """With the face network. Which of them is reported first depends on the decoder."""
    for python in (on_arm, on_this_machine):
        reported = events(python, WALK, DEFAULT_DETECTOR)
        starts, ends = ([event for event in reported if event["type"] == kind] for kind in ("start", "end"))
        assert max(event["frame"]["number"] for event in starts) < 15
        assert {event["track"] for event in starts} == {event["track"] for event in ends} == {1, 2, 3}
