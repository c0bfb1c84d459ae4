"""Reads a camera in its own thread, so that a slow reader gets the newest image instead of the next one."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from fer_edge.cameras.base import Camera, CameraError, CameraImage
from fer_edge.cameras.mailbox import Mailbox

log = logging.getLogger(__name__)


class CaptureThread:
    """Opens a camera and reads it until it fails or `stop` is called. Keeps only the newest image."""

    def __init__(self, camera: Camera) -> None:
        """Start the thread."""
        self._camera = camera
        self._images = Mailbox[CameraImage]()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name=f"camera {camera.name}", daemon=True)
        self._thread.start()

    @property
    def dropped(self) -> int:
        """How many images were replaced by a newer one before they were read."""
        return self._images.replaced

    def take(self, timeout: float) -> CameraImage | None:
        """Return the newest unread image, or None when none arrives within `timeout` seconds.

        Raises CameraError when the camera has failed and its last image has been read.
        """
        return self._images.take(timeout)

    def stop(self, timeout: float) -> bool:
        """Ask the thread to end; return whether it does within `timeout` seconds. The camera stays open."""
        self._stopping = True
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def _run(self) -> None:
        error = CameraError("it was stopped")
        try:
            self._camera.open()
            while not self._stopping:
                if image := self._camera.read():
                    self._images.put(image)
        except CameraError as reason:
            error = reason
        except Exception as reason:
            # A camera library may raise anything, and the reader must be notified that the thread has ended.
            log.exception("camera %s: unexpected error", self._camera.name)
            error = CameraError(f"{type(reason).__name__}: {reason}")
        finally:
            self._images.fail(error)


class RestartableCapture:
    """The capture thread of a camera, which can be started again after a failure.

    A thread that hangs inside a camera cannot be ended. It is abandoned, and the next one may still work.
    """

    def __init__(self, camera: Camera, start_thread: Callable[[Camera], CaptureThread]) -> None:
        """`start_thread` makes a running thread that captures from `camera`."""
        self._camera, self._start_thread = camera, start_thread
        self._thread: CaptureThread | None = None
        self._abandoned: CaptureThread | None = None
        self._dropped = 0  # by earlier threads

    @property
    def name(self) -> str:
        """Human-readable name of the camera."""
        return self._camera.name

    @property
    def running(self) -> bool:
        """Whether there is a thread."""
        return self._thread is not None

    @property
    def dropped(self) -> int:
        """How many images were replaced by a newer one before they were read, in all threads together."""
        return self._dropped + (self._thread.dropped if self._thread else 0)

    def start(self) -> None:
        """Start a thread, which opens the camera."""
        self._thread = self._start_thread(self._camera)

    def take(self, timeout: float) -> CameraImage | None:
        """Return the newest image, or None when none arrives within `timeout` seconds. Raises CameraError."""
        return self._thread.take(timeout) if self._thread else None

    def stop(self, timeout: float) -> None:
        """End the thread, but not the camera, so that it can be opened again.

        Raises CameraError when the thread does not end within `timeout` seconds and an abandoned one still hangs.
        """
        thread = self._detach()
        if thread and not thread.stop(timeout):
            if self._abandoned and not self._abandoned.stop(0):
                raise CameraError(f"camera {self.name}: two threads hang in it", cure="restart fer-edge")
            self._abandoned = thread

    def close(self, timeout: float) -> None:
        """End the thread and release the camera, unless the thread hangs in it for `timeout` seconds."""
        thread = self._detach()
        if not thread or thread.stop(timeout):
            self._camera.close()

    def _detach(self) -> CaptureThread | None:
        thread, self._thread = self._thread, None
        self._dropped += thread.dropped if thread else 0
        return thread
