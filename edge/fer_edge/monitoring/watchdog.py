"""Reports readiness, liveness and status of a run to systemd."""

from __future__ import annotations

from collections.abc import Callable

from fer_edge.clock import Clock
from fer_edge.monitoring.sd_notify import Notifier

READY_TIMEOUT = 15.0  # seconds until a run whose camera delivers no frame counts as ready without one
WATCHDOG_INTERVAL = 1.0  # minimum seconds between two watchdog notifications
STATUS_INTERVAL = 5.0  # minimum seconds between two updates of the status


class FrameRate:
    """Counts frames and returns their rate since it was last asked."""

    def __init__(self, now: float) -> None:
        self.frames = 0
        self._since = now

    def take(self, now: float) -> float:
        """Frames per second since the last call."""
        fps = self.frames / max(now - self._since, 1e-9)
        self.frames, self._since = 0, now
        return fps


class RunWatchdog:
    """Notifies systemd from the loop over the frames and from nowhere else: a loop that hangs goes silent.

    An iteration of the loop without a frame counts as alive: the camera is unavailable, but the loop works. The run is
    ready with its first frame, or after READY_TIMEOUT without one. Otherwise a missing camera would delay the boot,
    systemd would restart a service that is right to wait, and an upgrade would count as failed.
    """

    def __init__(self, notifier: Notifier, summary: Callable[[float], str], clock: Clock) -> None:
        """`summary` describes the run in one line, given its frames per second."""
        self._notifier, self._summary, self._clock = notifier, summary, clock
        now = clock.monotonic()
        self._ready_deadline: float | None = now + READY_TIMEOUT  # None once the run is ready
        self._next_beat, self._next_status = now, now + WATCHDOG_INTERVAL
        self._rate = FrameRate(now)
        self._last_status = ""

    def update(self, *, frame: bool) -> None:
        """Called after one iteration of the loop, with or without a frame: notify systemd of what is due."""
        now = self._clock.monotonic()
        self._rate.frames += frame
        if self._ready_deadline is not None and (frame or now >= self._ready_deadline):
            self._ready_deadline = None
            self._notifier.notify(ready=1)
        if now >= self._next_beat:
            self._next_beat = now + WATCHDOG_INTERVAL
            self._notifier.notify(watchdog=1)
        if now >= self._next_status:
            self._next_status = now + STATUS_INTERVAL
            self._update_status(self._rate.take(now))

    def end(self, *, restarting: bool) -> None:
        """The loop has ended: events are still to be delivered, then the process exits or restarts."""
        if restarting:
            self._notifier.notify_reloading()
            self._notifier.notify(watchdog=1)
        else:
            self._notifier.notify(stopping=1)

    def _update_status(self, fps: float) -> None:
        status = self._summary(fps)
        if status != self._last_status:
            self._last_status = status
            self._notifier.notify(status=status)
