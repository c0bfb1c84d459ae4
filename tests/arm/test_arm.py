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
from tests.support import MEDIA

ROOT = os.environ.get("FER_EDGE_ARM_ROOT")
ANSWERS = Path(__file__).with_name("answers.py")

pytestmark = pytest.mark.skipif(ROOT is None, reason="no Arm root: make test-arm makes one")


def on_arm(*arguments: object) -> str:
    """What a Python program says there. With its default processor qemu computes wrong int8 results in silence."""
    env = {"PYTHONPATH": f"{ROOT}/opt/site", "QEMU_CPU": "cortex-a72"}
    command = ["/usr/bin/qemu-aarch64-static", "-L", str(ROOT), f"{ROOT}/usr/bin/python3", *map(str, arguments)]
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=280, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_it_is_arm() -> None:
    assert on_arm("-c", "import platform; print(platform.machine())").strip() == "aarch64"


@pytest.mark.parametrize("model", ["nano", "small", "base"])
def test_a_shipped_model_gives_the_same_answers(model: str) -> None:
    """But for some steps of 1/256: kernels of different processors round differently, layer by layer."""
    there: dict[str, Any] = json.loads(on_arm(ANSWERS, model, MEDIA / "faces"))
    command = [sys.executable, str(ANSWERS), model, str(MEDIA / "faces")]
    here = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
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
