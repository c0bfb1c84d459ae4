"""The package on 64-bit Arm, emulated, against this machine. `make test-arm` makes the root that it needs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.support import MEDIA, WALK

ROOT = Path(os.environ.get("FER_EDGE_ARM_ROOT", "")).resolve()
ANSWERS = Path(__file__).with_name("answers.py")
# fer-edge with one certain runtime of those that are installed.
WITH_RUNTIME = """
import sys
from fer_edge import cli, runtimes
runtimes.RUNTIMES = {sys.argv[1]: runtimes.RUNTIMES[sys.argv[1]]}
sys.exit(cli.main(sys.argv[2:]))
"""
ROUNDING = 16 / 256  # at most, between the scores of two processors for the same crop

pytestmark = pytest.mark.skipif("FER_EDGE_ARM_ROOT" not in os.environ, reason="no Arm root: make test-arm makes one")


def on_arm(*arguments: object) -> str:
    """What a Python program says there. With its default processor qemu computes wrong int8 results in silence."""
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": f"{ROOT}/opt/site", "QEMU_CPU": "cortex-a72"}
    command = [f"{ROOT}/python", *map(str, arguments)]
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=280, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def on_this_machine(*arguments: object) -> str:
    return subprocess.run([sys.executable, *map(str, arguments)], capture_output=True, text=True, check=True).stdout


@pytest.fixture(scope="module")
def lossless(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The clip, decoded once: H.264 comes out up to 4 of 256 brighter or darker on another processor."""
    out = tmp_path_factory.mktemp("clip") / "walk.mkv"
    command = ["ffmpeg", "-loglevel", "error", "-i", str(WALK), "-c:v", "ffv1", "-pix_fmt", "bgr0", str(out)]
    subprocess.run(command, check=True, timeout=60)
    return out


def events(clip: Path) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """What the daemon says of a clip, there and here, with the runtime of there."""
    runtime = on_arm("-c", "from fer_edge.runtimes import pick_runtime; print(pick_runtime())").strip()
    arguments = ["-c", WITH_RUNTIME, runtime, "--camera", clip, "--mqtt", "none", "--threads", 1, "--print"]
    there, here = ([json.loads(line) for line in run(*arguments).splitlines()] for run in (on_arm, on_this_machine))
    for name, said in (("there", there), ("here", here)):
        for event in said:
            place = [event[key] for key in ("type", "track", "emotion", "score", "box")]
            print(f"{name}, frame {event['frame']['number']}:", *place)
    return there, here


def bounds(said: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The events that begin or end a track."""
    return [event for event in said if event["type"] != "update"]


def tied(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether rounding decides which emotion it is: either would do on either machine."""
    return all(
        event["score"] - event["scores"][name] <= ROUNDING
        for event in (one, other)
        for name in (one["emotion"], other["emotion"])
    )


def test_it_is_arm() -> None:
    assert on_arm("-c", "import platform; print(platform.machine())").strip() == "aarch64"


@pytest.mark.parametrize("model", ["nano", "small", "base"])
def test_a_shipped_model_gives_the_same_answers(model: str) -> None:
    """But for some steps of 1/256: kernels of different processors round differently, layer by layer."""
    there: dict[str, Any] = json.loads(on_arm(ANSWERS, model, MEDIA / "faces"))
    here = json.loads(on_this_machine(ANSWERS, model, MEDIA / "faces"))
    assert there["answers"].keys() == here["answers"].keys(), "the detector finds the same faces"
    assert len(here["answers"]) >= 80
    one, other = (np.array([answers["answers"][name] for name in here["answers"]]) for answers in (here, there))
    apart = np.abs(one - other).max(axis=1) * 256
    same = (one.argmax(axis=1) == other.argmax(axis=1)).mean()
    print(f"{model}: {100 * same:.1f} % of {len(one)} answers are the same; apart by {np.median(apart):.0f} steps of")
    print(f"1/256 in the median, {apart.max():.0f} at most; there on {there['runs_on']}, here on {here['runs_on']}")
    assert same > 0.95
    assert np.median(apart) <= 4
    assert apart.max() <= 16


def test_the_same_pixels_give_the_same_events(lossless: Path) -> None:
    """Tracks, frames and boxes to the last pixel, scores but for rounding; an emotion differs in a tie alone."""
    there, here = events(lossless)
    assert len(bounds(here)) == 4
    ties = set()
    for one, other in zip(bounds(there), bounds(here), strict=True):
        for key in ("type", "track", "frame", "box", "device", "schema", "clock_synced", "duration_s"):
            assert one.get(key) == other.get(key), key
        assert one["scores"] == pytest.approx(other["scores"], abs=ROUNDING)
        if one["emotion"] != other["emotion"]:
            assert tied(one, other)
            ties.add(one["track"])
    updates = [[event for event in said if event["type"] == "update"] for said in (there, here)]
    told = [[(e["track"], e["emotion"]) for e in said if e["track"] not in ties] for said in updates]
    assert told[0] == told[1]


def test_the_demo_clip_gives_the_same_events() -> None:
    """Decoded there, it has other pixels: a face at the cascade's margin is found seconds sooner or later."""
    there, here = events(WALK)
    assert len(bounds(here)) == 4
    for one, other in zip(bounds(there), bounds(here), strict=True):
        assert (one["type"], one["track"]) == (other["type"], other["track"])
        assert one["emotion"] == other["emotion"] or tied(one, other)
        assert one["box"] == pytest.approx(other["box"], abs=0.03)
        assert abs(one["frame"]["number"] - other["frame"]["number"]) <= 25
