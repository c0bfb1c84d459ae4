"""Cameras with an RTSP or HTTP address."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import cv2

from fer_edge.cameras.base import CameraError, SourceKind
from fer_edge.cameras.cures import CHECK_ADDRESS
from fer_edge.cameras.opencv import OpenCVCamera
from fer_edge.cameras.reconnecting import ReconnectingCamera
from fer_edge.config.camera import CameraOptions
from fer_edge.errors import UsageError

SCHEMES = ("rtsp", "rtsps", "http", "https")
OPEN_TIMEOUT, READ_TIMEOUT = 8000, 3000  # milliseconds that FFmpeg waits for a response


def network_camera(address: str, options: CameraOptions) -> OpenCVCamera:
    """The camera of an RTSP or HTTP address. Raises UsageError when it has no host, or an invalid port."""
    return OpenCVCamera(public_address(address), lambda: _open(address), options.fps)


def public_address(address: str) -> str:
    """Return an address without user, password and query, which may be secrets. Raises UsageError when malformed."""
    parts = urlsplit(address)
    try:
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host:
        raise UsageError(
            f"{parts.scheme}://...: expected {parts.scheme}://[user:password@]host[:port]/path", setting="camera.source"
        )
    host = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{host}{f':{port}' if port else ''}{parts.path}"


def _open(address: str) -> cv2.VideoCapture:
    timeouts = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, OPEN_TIMEOUT, cv2.CAP_PROP_READ_TIMEOUT_MSEC, READ_TIMEOUT]
    capture = cv2.VideoCapture(address, cv2.CAP_FFMPEG, timeouts)
    if not capture.isOpened():
        raise CameraError("no video from this address", cure=CHECK_ADDRESS)
    return capture


ADDRESS_KIND = SourceKind(
    "address",
    matches=lambda spec: re.match(rf"({'|'.join(SCHEMES)})://", spec, re.IGNORECASE) is not None,
    open=lambda spec, options: ReconnectingCamera(network_camera(spec, options), options),
)
