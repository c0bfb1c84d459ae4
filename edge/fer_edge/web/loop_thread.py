"""An asyncio loop in its own thread."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Coroutine

log = logging.getLogger(__name__)

Main = Callable[[Callable[[], None], asyncio.Event], Coroutine[None, None, None]]


class LoopThread:
    """Runs a coroutine in an asyncio loop in a thread.

    The coroutine is called with a function, to be called once it is ready, and an event, which is set when it is to
    end.

    Attributes:
        error: What ended the coroutine, if anything went wrong.
    """

    def __init__(self, main: Main, name: str) -> None:
        self.error: Exception | None = None
        self._main = main
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ready = threading.Event()
        self._stop = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self, timeout: float) -> None:
        """Start the thread and wait up to `timeout` seconds until the coroutine is ready."""
        self._thread.start()
        self._ready.wait(timeout)

    @property
    def is_running(self) -> bool:
        """Whether the coroutine is ready and has not ended."""
        return self._ready.is_set() and self._thread.is_alive() and not self.error

    def stop(self, timeout: float) -> None:
        """Ask the coroutine to end, and wait for that up to `timeout` seconds."""
        if self._loop and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join(timeout)

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except Exception as error:
            log.exception("thread %s: unexpected error", self._thread.name)
            self.error = error
        finally:
            self._ready.set()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        await self._main(self._ready.set, self._stop)
