"""Startup messages of C++ libraries are left out of stderr, and nothing else is."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import os, sys
from pathlib import Path
from fer_data.native_stderr import filtered_native_stderr
with filtered_native_stderr(Path(sys.argv[1])):
    os.write(2, sys.stdin.buffer.read())
    print("python", file=sys.stderr)
    exec(sys.argv[2])
print("after", file=sys.stderr)
"""
NOISE = """\
WARNING: All log messages before absl::InitializeLog() is called are written to STDERR
I0000 00:00:1795930138.530191   26784 port.cc:153] oneDNN custom operations are on.
2026-11-29 05:12:31.758553: I tensorflow/core/platform/cpu_feature_guard.cc:210] This TensorFlow binary is optimized
To enable the following instructions: AVX2 AVX512F, in other operations, rebuild TensorFlow
INFO: Created TensorFlow Lite XNNPACK delegate for CPU.
fully_quantize: 0, inference_type: 6, input_inference_type: UINT8, output_inference_type: UINT8
"""
NO_GPU = "E0000 00:00:1795930163.994892   27408 cuda_platform.cc:52] failed call to cuInit: INTERNAL: CUDA error\n"
ERRORS = """\
E0000 00:00:1795930163.994892   27408 gpu_device.cc:52] out of memory
F0000 00:00:1795930163.994892   27408 tensor.cc:52] Check failed
W0000 00:00:1795930163.994892   27408 allocator.cc:52] Allocation exceeds 10% of free system memory
ERROR: Regular TensorFlow ops are not supported by this interpreter.
terminate called after throwing an instance of 'std::bad_alloc'
INFORMATION \u00e9
"""


def write_natively(text: str, driver: Path, ending: str = "", **options: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", PROGRAM, str(driver), ending]
    return subprocess.run(
        command, input=text, capture_output=True, text=True, timeout=60, check=False, env=os.environ | {**options}
    )


def test_startup_messages_are_left_out_and_errors_come_through(tmp_path: Path) -> None:
    lines = write_natively(NOISE + ERRORS + NO_GPU, tmp_path / "none").stderr
    assert sorted(lines.splitlines()) == sorted([*ERRORS.splitlines(), "python", "after"])


def test_a_gpu_that_fails_is_an_error_where_there_is_a_driver(tmp_path: Path) -> None:
    assert NO_GPU in write_natively(NO_GPU, tmp_path).stderr


@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGKILL])
def test_the_last_words_of_a_crash_come_through(tmp_path: Path, number: int) -> None:
    done = write_natively(NOISE + ERRORS, tmp_path, f"os.kill(os.getpid(), {number})")
    assert done.returncode == -number
    assert sorted(done.stderr.splitlines()) == sorted([*ERRORS.splitlines(), "python"])


def test_without_grep_nothing_is_lost(tmp_path: Path) -> None:
    assert write_natively(NOISE, tmp_path, PATH=str(tmp_path)).stderr == f"{NOISE}python\nafter\n"


def test_a_closed_stderr_is_no_error() -> None:
    program = """
from fer_data.native_stderr import filtered_native_stderr
with filtered_native_stderr():
    print("done")
"""
    command = ["sh", "-c", 'exec "$@" 2>&-', "sh", sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (0, "done\n")
