"""Takes the first frames from the camera."""

from __future__ import annotations

import time
from collections.abc import Callable

from fer_edge.cameras.base import FrameSource
from fer_edge.cameras.browser import BROWSER
from fer_edge.cameras.cures import CHECK_CABLE
from fer_edge.cameras.factory import open_source
from fer_edge.cameras.frame import Frame
from fer_edge.cameras.frame_checks import is_dark
from fer_edge.config.camera import CameraOptions
from fer_edge.config.model import Config
from fer_edge.diagnostics.finding import Finding, fail, ok, warn
from fer_edge.errors import Problem, UsageError

MIN_FRAMES = 2  # of a camera; an address may give one picture and end
FRAME_TIMEOUT = 6.0  # seconds for these frames
EXPOSURE_TIMEOUT = 2.0  # seconds for the camera to adjust its exposure


def check_camera(
    config: Config,
    *,
    open_camera: Callable[[str, CameraOptions, int | None], FrameSource] = open_source,
    monotonic: Callable[[], float] = time.monotonic,
) -> Finding:
    """Check that the camera delivers frames that are not dark.

    Args:
        config: Names the camera.
        open_camera: Opens it.
        monotonic: Clock, in seconds.

    Raises:
        UsageError: No camera is configured, or what is configured is not one.
        DamagedError: A file cannot be read to its end.
        LightError: The light cannot be switched.
    """
    if not config.camera:
        raise UsageError("none is configured", cure="set camera.source, or give --camera")
    if config.camera == BROWSER:
        return ok(f"{BROWSER}: delivers frames once the page is open in a browser")
    source = open_camera(config.camera, config.camera_options, config.light)
    try:
        frame, count = _first_frames(source, monotonic)
    finally:
        source.close()
    problem = source.problem or Problem("no frame")
    if not frame:
        return fail(f"{source.name}: {problem.text}: {problem.cure or CHECK_CABLE}")
    height, width = (frame.grey if frame.detail is None else frame.detail).shape
    found = f"{source.name}: {width}x{height}"
    if source.live and count < MIN_FRAMES:
        return fail(f"{found}, but only one frame, then {problem.text}: {problem.cure or CHECK_CABLE}")
    return warn(f"{found}, all dark: is the lens covered, or is it night?") if is_dark(frame.grey) else ok(found)


def _first_frames(source: FrameSource, monotonic: Callable[[], float]) -> tuple[Frame | None, int]:
    """Wait for the first frame of a file; of a camera for MIN_FRAMES, one of them not dark.

    Returns:
        The last frame before the timeout, and how many there were.
    """
    began, newest, count = monotonic(), None, 0
    for frame in source:
        newest = frame or newest
        count += frame is not None
        waited = monotonic() - began
        if newest and not source.live:
            break
        if newest and count >= MIN_FRAMES and (not is_dark(newest.grey) or waited > EXPOSURE_TIMEOUT):
            break
        if waited > FRAME_TIMEOUT:
            break
    return newest, count
