"""Cameras with an RTSP or HTTP address."""

from __future__ import annotations

import cv2

from fer_edge.cameras.base import CameraError, SourceKind
from fer_edge.cameras.cures import CHECK_ADDRESS
from fer_edge.cameras.opencv import OpenCVCamera
from fer_edge.cameras.reconnecting import ReconnectingCamera
from fer_edge.config.addresses import parse_address
from fer_edge.config.camera import ADDRESS_FORM, CameraOptions, is_address

OPEN_TIMEOUT, READ_TIMEOUT = 8000, 3000  # milliseconds that FFmpeg waits for a response


def network_camera(address: str, options: CameraOptions) -> OpenCVCamera:
    """The camera of an RTSP or HTTP address. Raises UsageError when it is malformed."""
    return OpenCVCamera(str(parse_address(address, ADDRESS_FORM)), lambda: _open(address), options.fps)


def _open(address: str) -> cv2.VideoCapture:
    timeouts = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, OPEN_TIMEOUT, cv2.CAP_PROP_READ_TIMEOUT_MSEC, READ_TIMEOUT]
    capture = cv2.VideoCapture(address, cv2.CAP_FFMPEG, timeouts)
    if not capture.isOpened():
        raise CameraError("no video from this address", cure=CHECK_ADDRESS)
    return capture


ADDRESS_KIND = SourceKind(
    "address",
    matches=is_address,
    open=lambda spec, options: ReconnectingCamera(network_camera(spec, options), options),
)
