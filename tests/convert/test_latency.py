"""How long a model takes, setting by setting, and on what machine."""

from __future__ import annotations

import json
import os
import platform
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.support import run

from fer_convert import machine
from fer_convert.latency import Setting, Timing, measure, settings_of
from fer_edge.config.model import MODELS
from fer_edge.inference.model_file import ModelFile, read_model, write_model
from fer_edge.inference.runtimes import available_runtimes, describe_runtime

NANO, SMALL = MODELS / "nano.tflite", MODELS / "small.tflite"
COMPILED = b"\x1c\0\0\0TFL3 edgetpu-custom-op"


def test_the_percentiles_are_those_of_the_times_in_milliseconds() -> None:
    seconds = np.random.default_rng(0).permutation(np.arange(101)) / 1000
    assert Timing.of(seconds) == pytest.approx(Timing(p50=50, p95=95, p99=99, iqr=50, least=0, most=100))


def test_of_a_single_run_all_percentiles_are_its_time() -> None:
    assert Timing.of([0.002]) == pytest.approx(Timing(p50=2, p95=2, p99=2, iqr=0, least=2, most=2))


def test_every_runtime_is_tried_with_every_number_of_threads() -> None:
    settings = settings_of(read_model(NANO), ["a", "b"], (1, 4))
    assert settings == [Setting(NANO, "a", 1), Setting(NANO, "a", 4), Setting(NANO, "b", 1), Setting(NANO, "b", 4)]


def test_threads_of_the_processor_mean_nothing_to_an_edge_tpu() -> None:
    compiled = ModelFile(Path("m_edgetpu.tflite"), COMPILED, ("a", "b"), {})
    assert settings_of(compiled, ["a"], (2, 4)) == [Setting(compiled.path, "a", 1)]


def test_it_names_what_it_ran_on() -> None:
    runtime = available_runtimes()[-1]
    measured = measure(Setting(NANO, runtime, 2), 3)
    assert measured.runs_on == f"cpu ({describe_runtime(runtime)}, 2 threads)"


def measured(*arguments: object) -> dict[str, Any]:
    done = run("fer_convert", "latency", *arguments, "--json")
    assert done.code == 0, done.err
    report: dict[str, Any] = json.loads(done.out, parse_constant=pytest.fail)
    return report


def test_the_json_has_each_setting_with_its_spread() -> None:
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


def test_a_board_is_known_by_its_device_tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "model").write_bytes(b"Raspberry Pi 4 Model B Rev 1.4\0")
    (tmp_path / "governor").write_text("ondemand\n")
    (tmp_path / "cpuinfo").write_text("processor\t: 0\nBogoMIPS\t: 108.00\n")
    for name, file in (("DEVICE_TREE", "model"), ("GOVERNOR", "governor"), ("CPUINFO", "cpuinfo")):
        monkeypatch.setattr(machine, name, tmp_path / file)
    described = machine.describe_machine()
    assert (described["board"], described["governor"]) == ("Raspberry Pi 4 Model B Rev 1.4", "ondemand")
    assert described["cpu"] is None
    assert machine.in_a_line(described).startswith("Raspberry Pi 4 Model B Rev 1.4, ")
    assert "governor ondemand" in machine.in_a_line(described)


def test_a_processor_is_known_by_its_name_and_what_is_not_known_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "cpuinfo").write_text("processor\t: 0\nmodel name\t: Some CPU @ 2 GHz\nmodel name\t: Another\n")
    monkeypatch.setattr(machine, "CPUINFO", tmp_path / "cpuinfo")
    monkeypatch.setattr(machine, "DEVICE_TREE", tmp_path / "none")
    monkeypatch.setattr(machine, "GOVERNOR", tmp_path / "none")
    described = machine.describe_machine()
    assert (described["board"], described["cpu"], described["governor"]) == (None, "Some CPU @ 2 GHz", None)
    assert machine.in_a_line(described).startswith("Some CPU @ 2 GHz, ")
    assert "governor" not in machine.in_a_line(described)


def test_a_person_gets_a_table_with_two_rows_a_setting() -> None:
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


def test_a_runtime_that_dies_is_one_line(tmp_path: Path) -> None:
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
        ("{nano} --threads 0", 2, "argument --threads: '0' is no whole number from 1"),
        ("{nano} --threads 1,,2", 2, "argument --threads: '' is no whole number from 1"),
        ("{nano} --runs -3", 2, "argument --runs: '-3' is no whole number from 1"),
        ("{nano} --runtime onnx", 2, "invalid choice: 'onnx'"),
        ("{0}/nosuch.tflite", 78, "nosuch.tflite: No such file"),
        ("{0}/unreadable.tflite", 78, "cannot load it"),
        ("{0}/m_edgetpu.tflite", 1, "libedgetpu.so.1 cannot be loaded"),
        ("", 2, "required: MODEL"),
    ],
)
def test_bad_input_is_one_line_and_the_documented_code(
    tmp_path: Path, arguments: str, code: int, complaint: str
) -> None:
    write_model(tmp_path / "m_edgetpu.tflite", COMPILED, ("a", "b"), {})
    write_model(tmp_path / "unreadable.tflite", COMPILED[:8] + bytes(20), ("a", "b"), {})
    done = run("fer_convert", "latency", *arguments.format(tmp_path, nano=NANO).split())
    lines = [line for line in done.err.splitlines() if line.startswith("fer-convert")]
    assert (done.code, len(lines), done.out) == (code, 1, "")
    assert complaint in lines[0]
    assert "Traceback" not in done.err
