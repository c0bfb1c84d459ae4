"""The fake of picamera2, and the daemon, with the real module. `make test-picamera2` makes the root that this needs."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path
from typing import Any

import cv2
import pytest
from tests.picamera.contract import facts
from tests.support.fake_picamera2 import fake_picamera2
from tests.support.media import MEDIA

from fer_edge.cameras import auto_exposure

ROOT = os.environ.get("FER_EDGE_PICAMERA2_ROOT")
HERE = Path(__file__).parent
EXPOSURE_MODES = """
import json
from libcamera import controls
print(json.dumps({name: int(getattr(controls.AeExposureModeEnum, name)) for name in ("Normal", "Long")}))
"""
DAEMON = "import virtualcamera; from fer_edge.cli import main; raise SystemExit(main())"

pytestmark = pytest.mark.skipif(
    ROOT is None, reason="NOT TESTED: no root with picamera2; make test-picamera2 makes one"
)


@pytest.fixture(scope="module", autouse=True)
def _face_before_the_camera() -> None:
    picture = cv2.resize(cv2.imread(str(MEDIA / "faces" / "luciano.png")), (960, 960))
    wide = cv2.copyMakeBorder(picture, 0, 0, 160, 160, cv2.BORDER_REFLECT)
    cv2.imwrite(f"{ROOT}/opt/frames/0.jpg", wide)


def in_root(*arguments: object) -> list[str]:
    return [str(HERE / "in_root.sh"), str(ROOT), "python3", *map(str, arguments)]


def run_python(*arguments: str) -> dict[str, Any]:
    done = subprocess.run(in_root(*arguments), capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def test_the_fake_behaves_like_the_real_module() -> None:
    fake = fake_picamera2()
    # The virtual camera has only this format, and neither auto exposure nor an estimate of the illuminance.
    fake.hardware.pixel_format, fake.hardware.lux = "NV12", None
    del fake.hardware.controls["AeExposureMode"]
    assert run_python("-m", "contract") == json.loads(json.dumps(facts(fake)))


def test_a_camera_that_is_busy_or_stalls_leaves_no_descriptor_and_no_thread() -> None:
    found = run_python("-m", "reuse")
    assert found["shapes"] == [[480, 640], [960, 1280]]
    assert set(found["busy"]) == {"Camera __init__ sequence did not complete."}
    assert all(found["restarts"])
    assert found["after"] == found["before"]
    print(f"20 times busy, 20 times restarted: {found['after']} descriptors and threads, {found['before']} before")


def test_the_exposure_modes_have_the_values_that_libcamera_gives_them() -> None:
    assert run_python("-c", EXPOSURE_MODES) == {"Normal": auto_exposure.NORMAL, "Long": auto_exposure.LONG}


@pytest.mark.parametrize("camera", ["0", "Virtual0"])
def test_the_daemon_reports_a_face(camera: str) -> None:
    command = in_root("-c", DAEMON, "--camera", camera, "--mqtt", "none", "--print")
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stderr
        first = process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        rest = process.stdout.read()
        logged = process.stderr.read()
        assert process.wait(20) == 0, logged
    events = [json.loads(line) for line in [first, *rest.splitlines()]]
    assert [events[0]["type"], events[-1]["type"]] == ["start", "end"]
    assert (events[0]["frame"]["width"], events[0]["frame"]["height"]) == (640, 480)
    assert "retrying" not in logged
