"""Durations of a model, by runtime and number of threads."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.support.processes import run

from fer_convert.latency.measurement import Configuration, Timing, configurations, measure
from fer_edge.config.model import MODELS
from fer_edge.inference.model_file import ModelFile, read_model
from fer_edge.inference.runtimes import available_runtimes, describe_runtime

NANO, SMALL = MODELS / "nano.tflite", MODELS / "small.tflite"


COMPILED = b"\x1c\0\0\0TFL3 edgetpu-custom-op"


def test_percentiles_are_in_milliseconds() -> None:
    seconds = np.random.default_rng(0).permutation(np.arange(101)) / 1000
    assert Timing.of(seconds) == pytest.approx(Timing(p50=50, p95=95, p99=99, iqr=50, least=0, most=100))


def test_all_percentiles_of_a_single_run_are_its_duration() -> None:
    assert Timing.of([0.002]) == pytest.approx(Timing(p50=2, p95=2, p99=2, iqr=0, least=2, most=2))


def test_every_runtime_is_measured_with_every_number_of_threads() -> None:
    found = configurations(read_model(NANO), ["a", "b"], (1, 4))
    assert found == [
        Configuration(NANO, "a", 1),
        Configuration(NANO, "a", 4),
        Configuration(NANO, "b", 1),
        Configuration(NANO, "b", 4),
    ]


def test_a_compiled_model_is_measured_with_one_thread_only() -> None:
    compiled = ModelFile(Path("m_edgetpu.tflite"), COMPILED, ("a", "b"), {})
    assert configurations(compiled, ["a"], (2, 4)) == [Configuration(compiled.path, "a", 1)]


def test_the_result_names_what_it_ran_on() -> None:
    runtime = available_runtimes()[-1]
    measured = measure(Configuration(NANO, runtime, 2), 3)
    assert measured.runs_on == f"cpu ({describe_runtime(runtime)}, 2 threads)"


def measured(*arguments: object) -> dict[str, Any]:
    done = run("fer_convert", "latency", *arguments, "--json")
    assert done.code == 0, done.err
    report: dict[str, Any] = json.loads(done.out, parse_constant=pytest.fail)
    return report
