"""The registry of the kinds of cameras and files, and the source that a value of `--camera` names."""

from __future__ import annotations

from fer_edge.cameras import browser, files, network, numbered, pi, v4l2
from fer_edge.cameras.base import FrameSource, SourceKind
from fer_edge.cameras.light import open_light
from fer_edge.cameras.reconnecting import ReconnectingCamera
from fer_edge.config.addresses import hide_secrets
from fer_edge.config.camera import SPECS, CameraOptions
from fer_edge.errors import UsageError

# The first kind that matches is used: cameras before files, so that a file cannot take the name of a camera.
KINDS = (
    browser.BROWSER_KIND,
    numbered.NUMBER_KIND,
    network.ADDRESS_KIND,
    v4l2.DEVICE_KIND,
    pi.ID_KIND,
    files.PICTURES_KIND,
    files.VIDEO_KIND,
)


def find_kind(spec: str) -> SourceKind | None:
    """Return the kind of source that a value of `--camera` names; None when it is of no known kind."""
    return next((kind for kind in KINDS if kind.matches(spec)), None)


def open_source(spec: str, options: CameraOptions | None = None, light_pin: int | None = None) -> FrameSource:
    """Make the source of frames for a value of `--camera`.

    Args:
        spec: One of the kinds in `config.camera.SOURCE_KINDS`.
        options: Requested size and rate of a camera, and the orientation of its images.
        light_pin: GPIO of the light that is on while a camera is open; not used for files, nor for the camera of a
            browser, which has its own.

    Returns:
        The source. A camera is not opened before the first frame is asked for, and may be absent until then.

    Raises:
        UsageError: `spec` is of no known kind, or names a file that is not readable.
        LightError: The light cannot be switched.
    """
    kind = find_kind(spec)
    if not kind:
        raise UsageError(f"{hide_secrets(spec)}: no such file", setting="camera.source", cure=f"give {SPECS}")
    source = kind.open(spec, options or CameraOptions())
    if light_pin is not None and isinstance(source, ReconnectingCamera):
        source.attach(open_light(light_pin))
    return source
