from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import pytest

from fer_edge.cameras.base import CameraError
from fer_edge.cameras.cures import FREE_CAMERA, PLUG_IN
from fer_edge.cameras.v4l2 import check_device, v4l2_camera
from fer_edge.config.camera import CameraOptions
from fer_edge.errors import UsageError


def test_a_missing_device_is_an_error_with_its_cure(tmp_path: Path) -> None:
    with pytest.raises(CameraError, match="no such file or directory") as caught:
        v4l2_camera(str(tmp_path / "video0"), CameraOptions()).open()
    assert caught.value.cure == PLUG_IN


def test_a_device_that_cannot_be_captured_from_is_an_error_with_its_cure() -> None:
    with pytest.raises(CameraError, match="not a camera, or in use") as caught:
        v4l2_camera("/dev/null", CameraOptions()).open()
    assert caught.value.cure == FREE_CAMERA


def test_a_device_may_be_missing_but_must_not_be_something_else(tmp_path: Path) -> None:
    assert check_device("/dev/video99") == "/dev/video99"
    for other in ("/dev/null", str(tmp_path)):
        with pytest.raises(UsageError, match=f"{other}: not a camera") as caught:
            check_device(other)
        assert caught.value.setting == "camera.source"


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (CameraOptions(), ["YUYV", 640, 480]),
        (CameraOptions(size=(1280, 720)), ["MJPG", 1280, 720]),
        (CameraOptions(size=(1280, 720), fps=10), ["YUYV", 1280, 720, 10]),
        (CameraOptions(fps=60), ["MJPG", 640, 480, 60]),
    ],
)
def test_a_device_is_asked_for_the_format_that_usb_can_carry(
    options: CameraOptions, expected: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    properties = []

    class FakeCapture:
        def __init__(self, device: str, api: int) -> None:
            assert (device, api) == ("/dev/null", cv2.CAP_V4L2)

        def isOpened(self) -> bool:  # noqa: N802
            return True

        def set(self, name: int, value: float) -> None:
            is_format = name == cv2.CAP_PROP_FOURCC
            properties.append(int(value).to_bytes(4, "little").decode() if is_format else value)

    monkeypatch.setattr(cv2, "VideoCapture", FakeCapture)
    v4l2_camera("/dev/null", options).open()
    assert properties == expected
