"""The auto exposure of a Pi camera: longer exposure times in a dark scene."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

# At 20 lux and 30 frames/s, the tuning files of the Pi's camera modules 1 to 3 ask for the highest gain.
DARK_LUX = 20.0  # below this a scene is dark
BRIGHT_LUX = 40.0  # from here on it is bright again
CHECK_INTERVAL = 1.0  # seconds
MODE_CONTROL = "AeExposureMode"
NORMAL, LONG = 0, 2  # libcamera.controls.AeExposureModeEnum; picamera2 accepts the numbers too


class AutoExposure:
    """Selects libcamera's exposure mode Long in a dark scene, and Normal otherwise.

    The tuning files of the sensors define the modes (raspberrypi/libcamera, src/ipa/rpi/*/data, `exposure_modes`): Long
    exposes for up to 120 ms, Normal on most sensors for up to 66 ms. libcamera never exposes for longer than
    FrameDurationLimits allow (limitExposureTime in agc_channel.cpp). Those are not changed here, so the frame rate
    stays as it is, and on most sensors the mode matters only below 15 frames/s. A sensor without the mode Long stays
    in Normal.

    Whether it is dark follows from libcamera's estimate of the illuminance, which takes exposure time and gain into
    account (lux.cpp), so that a longer exposure does not make a scene seem brighter.
    """

    def __init__(self, camera: Any, monotonic: Callable[[], float]) -> None:
        """Nothing is set before the first update.

        Args:
            camera: An open Picamera2 object.
            monotonic: Gives seconds.
        """
        self._camera, self._monotonic = camera, monotonic
        self._available = MODE_CONTROL in camera.camera_controls
        self._mode: int | None = None  # unknown: libcamera keeps the mode when a camera is stopped and started
        self._next_check = monotonic()

    def update(self, request: Any) -> None:
        """Check the illuminance once per CHECK_INTERVAL, and set the mode if it changes.

        A camera that reports no illuminance keeps its mode. picamera2 passes the control to the camera with the next
        request that is queued (Picamera2.set_controls).

        Args:
            request: A CompletedRequest that has not been released.
        """
        now = self._monotonic()
        if not self._available or now < self._next_check:
            return
        self._next_check = now + CHECK_INTERVAL
        lux = request.get_metadata().get("Lux")
        if lux is None:
            return
        mode = LONG if lux < (BRIGHT_LUX if self._mode == LONG else DARK_LUX) else NORMAL
        if mode != self._mode:
            self._camera.set_controls({MODE_CONTROL: mode})
            self._mode = mode
