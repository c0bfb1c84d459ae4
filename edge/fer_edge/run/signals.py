"""The effect of signals on a run."""

from __future__ import annotations

import os
import signal
import threading
import time

from fer_edge.run.controls import RunControls

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)
DUPLICATE_INTERVAL = 0.2  # seconds in which a second signal counts as the same: timeout(1) sends each one twice


def handle_signals(controls: RunControls, *, service: bool) -> None:
    """Stop on SIGINT and SIGTERM; a second one ends the process at once. SIGUSR1 and SIGUSR2 are ignored.

    SIGHUP reloads the settings of a service. Otherwise the terminal was closed, and the run stops, unless it was
    started with nohup.
    """
    for number in STOP_SIGNALS:
        signal.signal(number, lambda *_: controls.stop())
    if service:
        signal.signal(signal.SIGHUP, lambda *_: controls.restart())
    elif signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        signal.signal(signal.SIGHUP, lambda *_: controls.stop())
    for number in (signal.SIGUSR1, signal.SIGUSR2):
        signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGHUP])  # a restart blocks it
    # Handlers run in the main thread, which may be in native code that does not return; this thread runs all the same.
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    threading.Thread(target=_exit_on_second_signal, args=(reader,), name="signals", daemon=True).start()


def _exit_on_second_signal(reader: int) -> None:
    first: float | None = None
    while number := os.read(reader, 1):
        if number[0] not in STOP_SIGNALS:
            continue
        now = time.monotonic()
        if first is None:
            first = now
        elif now - first > DUPLICATE_INTERVAL:
            os._exit(128 + number[0])
