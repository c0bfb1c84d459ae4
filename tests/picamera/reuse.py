"""What the daemon's PiCamera leaves behind on the real picamera2 when it is busy and when it stalls, as JSON."""

from __future__ import annotations

import json
import sys
import threading
from pathlib import Path

from virtualcamera import picamera2

from fer_edge.cameras.base import CameraError
from fer_edge.cameras.pi import PiCamera
from fer_edge.config.camera import CameraOptions


def count_resources() -> list[int]:
    return [len(list(Path("/proc/self/fd").iterdir())), threading.active_count()]


def open_error(camera: PiCamera) -> str:
    try:
        camera.open()
    except CameraError as error:
        return error.message
    return "not busy"


def restarted(camera: PiCamera) -> bool:
    """Whether images come again after a stall."""
    camera._camera.stop()
    stalled = camera.read() is None
    camera.open()
    return stalled and camera.read() is not None


def main() -> None:
    camera = PiCamera(0, picamera2, CameraOptions())
    camera.open()
    image = camera.read()
    before = count_resources()
    found = {
        "shapes": [image.grey.shape, image.detail.shape],
        "busy": [open_error(PiCamera(0, picamera2, CameraOptions())) for _ in range(20)],
        "restarts": [restarted(camera) for _ in range(20)],
    }
    json.dump(found | {"before": before, "after": count_resources()}, sys.stdout)
    camera.close()


if __name__ == "__main__":
    main()
