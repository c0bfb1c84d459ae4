"""The latency command: one row a configuration, and the machine."""

from __future__ import annotations

import json
import os
import platform
from pathlib import Path
from typing import Any

import pytest
from tests.support.processes import run
from tests.support.refusals import assert_refused

from fer_edge.config.model import MODELS
from fer_edge.inference.model_file import write_model
from fer_edge.inference.runtimes import available_runtimes, describe_runtime

NANO, SMALL = MODELS / "nano.tflite", MODELS / "small.tflite"


COMPILED = b"\x1c\0\0\0TFL3 edgetpu-custom-op"


def measured(*arguments: object) -> dict[str, Any]:
    done = run("fer_convert", "latency", *arguments, "--json")
    assert done.code == 0, done.err
    report: dict[str, Any] = json.loads(done.out, parse_constant=pytest.fail)
    return report


def test_the_json_has_a_row_for_each_configuration() -> None:
    report = measured(NANO, "--runs", 30, "--threads", "1,2,1")
    assert (report["runs"], report["warm_up"] > 0) == (30, True)
    rows = report["measured"]
    assert [(row["model"], row["runtime"], row["threads"]) for row in rows] == [
        ("nano", runtime, threads) for runtime in available_runtimes() for threads in (1, 2)
    ]
    for row in rows:
        assert row["runs_on"].startswith(f"cpu ({describe_runtime(row['runtime'])}, {row['threads']} thread")
        for times in (row["invoke_ms"], row["step_ms"]):
            assert 0 < times["least"] <= times["p50"] <= times["p95"] <= times["p99"] <= times["most"]
            assert 0 <= times["iqr"] <= times["most"] - times["least"]


def test_the_machine_is_described() -> None:
    described = measured(NANO, "--runs", 1, "--runtime", available_runtimes()[0])["machine"]
    assert described["architecture"] == platform.machine()
    assert described["kernel"] == f"Linux {platform.release()}"
    assert described["python"] == platform.python_version()
    assert described["cores"] == len(os.sched_getaffinity(0))
    assert described["runtimes"] == [describe_runtime(runtime) for runtime in available_runtimes()]
    assert set(described) >= {"board", "cpu", "governor", "load"}


def test_the_table_has_two_rows_for_each_configuration() -> None:
    done = run("fer_convert", "latency", NANO, SMALL, "--runs", 3, "--runtime", available_runtimes()[0])
    assert done.code == 0, done.err
    described, blank, *lines = done.out.splitlines()
    assert f"Python {platform.python_version()}" in described
    assert blank == ""
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    assert rows[0] == ["model", "runs on", "ms of", "threads", "p50", "p95", "p99", "IQR", "min", "max"]
    assert [(row[0], row[2], row[3]) for row in rows[2:]] == [
        (model, what, "1") for model in ("nano", "small") for what in ("invoke", "crop to answer")
    ]
    assert all(float(cell) >= 0 for row in rows[2:] for cell in row[4:])


def test_a_runtime_that_kills_its_process_gives_one_line(tmp_path: Path) -> None:
    package = tmp_path / "ai_edge_litert"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "interpreter.py").write_text("import os\ndef Interpreter(**_): os._exit(9)\n")
    paths = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    done = run("fer_convert", "latency", NANO, "--runtime", "ai-edge-litert", env={"PYTHONPATH": paths})
    assert (done.code, done.out) == (1, "")
    assert done.err == f"fer-convert: model {NANO}: the process that ran it on ai-edge-litert died\n"


@pytest.mark.parametrize(
    ("arguments", "code", "complaint"),
    [
        ("{nano} --threads 0", 2, "argument --threads: '0' is not a whole number of at least 1"),
        ("{nano} --threads 1,,2", 2, "argument --threads: '' is not a whole number of at least 1"),
        ("{nano} --runs -3", 2, "argument --runs: '-3' is not a whole number of at least 1"),
        ("{nano} --runtime onnx", 2, "invalid choice: 'onnx'"),
        ("{0}/nosuch.tflite", 78, "nosuch.tflite: No such file"),
        ("{0}/unreadable.tflite", 78, "cannot load it"),
        ("{0}/m_edgetpu.tflite", 1, "libedgetpu.so.1 cannot be loaded"),
        ("", 2, "required: MODEL"),
    ],
)
def test_bad_input_gives_one_line_and_the_documented_exit_code(
    tmp_path: Path, arguments: str, code: int, complaint: str
) -> None:
    write_model(tmp_path / "m_edgetpu.tflite", COMPILED, ("a", "b"), {})
    write_model(tmp_path / "unreadable.tflite", COMPILED[:8] + bytes(20), ("a", "b"), {})
    done = run("fer_convert", "latency", *arguments.format(tmp_path, nano=NANO).split())
    assert_refused(done, "fer-convert", complaint, code)
