"""A camera that is read in a thread of its own, so that a slow reader gets the newest picture, not the next one."""

from __future__ import annotations

import logging
import threading

from fer_edge.cameras.base import Camera, CameraError, CameraImage

log = logging.getLogger(__name__)


class CaptureThread:
    """Opens `camera` and reads it until it fails or is told to stop; a mailbox for one holds the newest shot."""

    def __init__(self, camera: Camera) -> None:
        """Start at once."""
        self.dropped = 0  # shots that nobody took before the next one came
        self._camera = camera
        self._news = threading.Condition()
        self._newest: CameraImage | None = None
        self._error: CameraError | None = None
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name=f"camera {camera.name}", daemon=True)
        self._thread.start()

    def take(self, wait: float) -> CameraImage | None:
        """The newest shot that was not yet taken, or None when none comes within `wait` seconds.

        Raises CameraError when the camera has failed.
        """
        with self._news:
            if not self._newest and not self._error:
                self._news.wait(wait)
            shot, self._newest = self._newest, None
            if not shot and self._error:
                raise self._error
            return shot

    def stop(self, wait: float) -> bool:
        """Ask the thread to end; tell whether it has, within `wait` seconds. The camera stays as it is."""
        self._stopping = True
        self._thread.join(wait)
        return not self._thread.is_alive()

    def _run(self) -> None:
        error = CameraError("it was told to stop")
        try:
            self._camera.open()
            while not self._stopping:
                if shot := self._camera.read():
                    self._put(shot)
        except CameraError as reason:
            error = reason
        except Exception as reason:
            # A camera's library may raise anything; the thread's last word must be heard all the same.
            log.exception("camera %s", self._camera.name)
            error = CameraError(f"{type(reason).__name__}: {reason}")
        finally:
            with self._news:
                self._error = error
                self._news.notify()

    def _put(self, shot: CameraImage) -> None:
        with self._news:
            self.dropped += self._newest is not None
            self._newest = shot
            self._news.notify()
