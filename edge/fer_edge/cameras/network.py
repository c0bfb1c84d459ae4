"""Cameras with an RTSP or HTTP address."""

from __future__ import annotations

import cv2

from fer_edge.cameras.base import Camera, CameraError, SourceKind
from fer_edge.cameras.clip import describe_excess
from fer_edge.cameras.cures import CHECK_ADDRESS
from fer_edge.cameras.http import HttpCamera
from fer_edge.cameras.http_client import HttpClient
from fer_edge.cameras.opencv import OpenCVCamera
from fer_edge.cameras.reconnecting import ReconnectingCamera
from fer_edge.config.addresses import parse_address
from fer_edge.config.camera import ADDRESS_FORM, CameraOptions, is_address

OPEN_TIMEOUT, READ_TIMEOUT = 8000, 3000  # milliseconds that FFmpeg waits for a response


def network_camera(address: str, options: CameraOptions) -> Camera:
    """The camera of an RTSP or HTTP address. Raises UsageError when it is malformed."""
    parsed = parse_address(address, ADDRESS_FORM)
    video = OpenCVCamera(str(parsed), lambda: _open(address), options.fps)
    if not parsed.scheme.startswith("http"):
        return video
    return HttpCamera(str(parsed), HttpClient(parsed), video, options.fps)


def _open(address: str) -> cv2.VideoCapture:
    timeouts = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, OPEN_TIMEOUT, cv2.CAP_PROP_READ_TIMEOUT_MSEC, READ_TIMEOUT]
    capture = cv2.VideoCapture(address, cv2.CAP_FFMPEG, timeouts)
    if not capture.isOpened():
        raise CameraError("no video from this address", cure=CHECK_ADDRESS)
    if excess := describe_excess(capture):
        raise CameraError(excess, cure=CHECK_ADDRESS)
    return capture


ADDRESS_KIND = SourceKind(
    "address",
    matches=is_address,
    open=lambda spec, options: ReconnectingCamera(network_camera(spec, options), options),
)
