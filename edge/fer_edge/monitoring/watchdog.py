"""Reports readiness, liveness and status of a run to systemd."""

from __future__ import annotations

from collections.abc import Callable

from fer_edge.monitoring.sd_notify import Notifier

FIRST_FRAME = 15.0  # seconds that a camera is given for its first frame before the run counts as ready without it

BEAT = 1.0  # seconds, at least, between two signs of life
STATUS = 5.0  # seconds, at least, between two looks at how the run fares


class RunWatchdog:
    """Tells systemd of a run, from the loop over its frames and from nowhere else: a loop that hangs falls silent.

    A turn without a frame counts as life: the camera is away and the loop is well. The run is ready with the first
    frame. A camera that is away is weather, so that after FIRST_FRAME seconds it is ready without: else boot would wait
    for a cable, systemd would end and start what waits in good order, and an upgrade would be blamed for it.
    """

    def __init__(self, notifier: Notifier, status: Callable[[float], str], clock: Callable[[], float]) -> None:
        """`status` tells in a line how the run fares, given its frames a second; `clock` gives seconds."""
        self._notifier, self._status, self._clock = notifier, status, clock
        self._started = clock()
        self._beat_at, self._status_at = self._started, self._started + BEAT
        self._frames, self._since = 0, self._started
        self._ready, self._said = False, ""

    def turn(self, *, frame: bool) -> None:
        """The loop has turned once more, with a frame or without."""
        now = self._clock()
        self._frames += frame
        if not self._ready and (frame or now - self._started >= FIRST_FRAME):
            self._ready = True
            self._notifier.tell(ready=1)
        if now >= self._beat_at:
            self._beat_at = now + BEAT
            self._notifier.tell(watchdog=1)
        if now >= self._status_at:
            self._status_at = now + STATUS
            self._say(now)

    def end(self, *, restarting: bool) -> None:
        """The loop has ended; what is left is to deliver, and then to go or to begin anew."""
        if restarting:
            self._notifier.reloading()
            self._notifier.tell(watchdog=1)
        else:
            self._notifier.tell(stopping=1)

    def _say(self, now: float) -> None:
        fps = self._frames / max(now - self._since, 1e-9)
        self._frames, self._since = 0, now
        if (status := self._status(fps)) != self._said:
            self._said = status
            self._notifier.tell(status=status)
