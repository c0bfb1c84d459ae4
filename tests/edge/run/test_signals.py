"""Signals to a process whose main thread works, or is in native code that does not return."""

from __future__ import annotations

import signal
import subprocess
import sys
import time

import pytest

PROGRAM = """
import ctypes, sys, time
from fer_edge.run.controls import RunControls
from fer_edge.run.signals import handle_signals

controls = RunControls(None)
handle_signals(controls, service="service" in sys.argv)
print("ready", flush=True)
if "native" in sys.argv:
    mutex = ctypes.create_string_buffer(64)
    for _ in range(2):
        ctypes.CDLL(None).pthread_mutex_lock(mutex)  # the second time for ever
while not controls.stopping:
    time.sleep(0.01)
print("restarting" if controls.restarting else "stopping", flush=True)
while "hang" in sys.argv:
    time.sleep(0.01)
"""


def start(*flags: str) -> subprocess.Popen[str]:
    # The tests themselves may have been started by nohup, whose children ignore SIGHUP.
    program = ["env", f"--{'ignore' if 'nohup' in flags else 'default'}-signal=HUP"]
    process = subprocess.Popen([*program, sys.executable, "-c", PROGRAM, *flags], stdout=subprocess.PIPE, text=True)
    assert process.stdout
    assert process.stdout.readline() == "ready\n"
    return process


@pytest.mark.parametrize(
    ("flags", "numbers", "expected"),
    [
        ([], [signal.SIGINT], "stopping\n"),
        ([], [signal.SIGTERM], "stopping\n"),
        ([], [signal.SIGHUP], "stopping\n"),
        (["service"], [signal.SIGHUP], "restarting\n"),
        (["nohup"], [signal.SIGHUP, signal.SIGTERM], "stopping\n"),
        (["service", "nohup"], [signal.SIGHUP], "restarting\n"),
        ([], [signal.SIGUSR1, signal.SIGUSR2, signal.SIGPIPE, signal.SIGTERM], "stopping\n"),
    ],
)
def test_a_signal_stops_or_restarts_the_run(flags: list[str], numbers: list[signal.Signals], expected: str) -> None:
    process = start(*flags)
    for number in numbers:
        process.send_signal(number)
        time.sleep(0.05)
    assert process.communicate(timeout=10) == (expected, None)
    assert process.returncode == 0


@pytest.mark.parametrize("state", ["hang", "native"])
@pytest.mark.parametrize("numbers", [(signal.SIGTERM, signal.SIGTERM), (signal.SIGINT, signal.SIGTERM)])
def test_a_second_signal_ends_the_process_at_once(state: str, numbers: tuple[int, int]) -> None:
    process = start(state)
    process.send_signal(numbers[0])
    process.send_signal(numbers[0])  # timeout(1) sends each signal twice; this is no second request
    time.sleep(0.3)
    assert process.poll() is None
    process.send_signal(numbers[1])
    assert process.wait(2) == 128 + numbers[1]
