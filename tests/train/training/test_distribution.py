"""Distributed training."""

from __future__ import annotations

import csv
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest
from tests.support.network import free_port
from tests.support.processes import command, run
from tests.support.synthetic_faces import striped_faces, write_csv

from fer_edge.errors import UsageError
from fer_train.training.distribution import Processes


def test_processes_are_configured_by_the_flag_or_by_the_variables_of_keras() -> None:
    assert Processes.parse("10.0.0.1:7000,4,3", {}) == Processes("10.0.0.1:7000", 4, 3)
    variables = {
        "KERAS_DISTRIBUTION_JOB_ADDRESSES": "10.0.0.1:7000",
        "KERAS_DISTRIBUTION_NUM_PROCESSES": "2",
        "KERAS_DISTRIBUTION_PROCESS_ID": "1",
    }
    assert Processes.parse("auto", variables) == Processes("10.0.0.1:7000", 2, 1)
    addresses = {"KERAS_DISTRIBUTION_JOB_ADDRESSES": "10.0.0.1:7000,10.0.0.2:7000"}
    assert Processes.parse("auto", variables | addresses) == Processes("10.0.0.1:7000", 2, 1)
    assert Processes.parse("auto", {}) == Processes("", 1, 0)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "host",
        "host:1,2",
        "host:1,2,2",
        "host:1,0,0",
        "host:1,2,-1",
        "host,2,0",
        "a:1,b,0",
        "a:b,2,0",
        "a:70000,2,1",
        ":1,2,0",
    ],
)
def test_invalid_configurations_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match="--distribute"):
        Processes.parse(text, {})


def test_another_backend_than_jax_is_refused_with_one_line(tmp_path: Path) -> None:
    arguments = ["fit", "--data", tmp_path / "x.csv", "--out", tmp_path / "run", "--distribute", "auto"]
    done = run("fer_train", *arguments, env={"KERAS_BACKEND": "tensorflow"})
    assert done.code == 2
    assert "the backend is tensorflow: set KERAS_BACKEND=jax" in done.err
    assert "Traceback" not in done.err


def test_two_processes_give_the_losses_of_one(tmp_path: Path) -> None:
    data = write_csv(striped_faces(280), tmp_path / "faces.csv")
    # No dropout: its random numbers depend on how a batch is laid out over devices.
    flags = ["--model", "nano", "--batch", 32, "--epochs", 3, "--dropout", 0, "--warmup", 0, "--learning-rate", 0.003]
    arguments = ["fit", "--data", data, *flags, "--teacher", "nano", "--teacher-weight", 0.2]
    environment = {**os.environ, "KERAS_BACKEND": "jax"}
    single = run("fer_train", *arguments, "--out", tmp_path / "one", env=environment)
    assert single.code == 0, single.err

    where = f"127.0.0.1:{free_port()}"
    both = [
        subprocess.Popen(
            command("fer_train", *arguments, "--out", tmp_path / "two", "--distribute", f"{where},2,{index}"),
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for index in range(2)
    ]
    outputs = [process.communicate(timeout=240)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0], outputs

    def losses(name: str) -> list[float]:
        with (tmp_path / name / "history.csv").open() as file:
            return [float(row["loss"]) for row in csv.DictReader(file)]

    assert len(losses("two")) == 3
    assert np.allclose(losses("one"), losses("two"), rtol=1e-3)
    assert losses("one")[2] < losses("one")[0] * 0.99, "otherwise the gradients would not be tested"
    assert (tmp_path / "two" / "model.keras").exists()
