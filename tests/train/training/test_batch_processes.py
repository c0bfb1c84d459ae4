"""Processes that make batches: the same batches, and no process that is left behind."""

from __future__ import annotations

import dataclasses
import os
import signal
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from tests.support.processes import command
from tests.support.synthetic_faces import striped_faces, write_csv
from tests.support.waiting import wait_until

from fer_edge.errors import FerError
from fer_train.recipe import Recipe
from fer_train.training.batches import Batches
from fer_train.training.targets import make_targets

FACES = striped_faces(100)
RECIPE = Recipe(batch=16, epochs=3, mixup=0.2)
TARGETS = make_targets(FACES, RECIPE)


def test_processes_make_the_batches_of_a_single_one() -> None:
    alone = Batches(FACES.pixels, TARGETS, RECIPE, first_epoch=1)
    with closing(Batches(FACES.pixels, TARGETS, RECIPE, first_epoch=1, workers=2)) as batches:
        assert len(batches) == len(alone) == 14
        for number in [*range(14), 0, 1, 9]:  # Keras begins anew when the duration has been estimated
            for part, expected in zip(batches[number], alone[number], strict=True):
                assert np.array_equal(part, expected)


def test_each_of_several_machines_gets_its_share() -> None:
    recipe = dataclasses.replace(RECIPE, epochs=1)
    expected, _ = Batches(FACES.pixels, TARGETS, recipe, share=(1, 2))[3]
    with closing(Batches(FACES.pixels, TARGETS, recipe, share=(1, 2), workers=1)) as batches:
        assert np.array_equal(batches[3][0], expected)


@pytest.mark.parametrize("backend", ["tensorflow", "jax"])
def test_a_process_that_is_killed_is_one_line(backend: str, tmp_path: Path) -> None:
    data = write_csv(striped_faces(140), tmp_path / "faces.csv")
    arguments = ["--model", "nano", "--batch", 16, "--epochs", 200, "--workers", 1, "--out", tmp_path / "run"]
    environment = {**os.environ, "KERAS_BACKEND": backend}
    with subprocess.Popen(
        command("fer_train", "fit", "--data", data, *arguments),
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        wait_until((tmp_path / "run" / "history.csv").exists, 120)
        (worker,) = _children(process.pid)
        os.kill(worker, signal.SIGKILL)
        _, err = process.communicate(timeout=120)
    assert process.returncode == 1
    (line,) = [line for line in err.splitlines() if line.startswith("fer-train:")]  # TensorFlow logs its own, too
    assert line.startswith("fer-train: --workers: one of the processes has ended: give fewer, if memory")


def test_a_process_that_is_killed_while_it_sends_a_batch_is_noticed() -> None:
    large = Recipe(batch=100, epochs=3)  # more than a pipe holds, so that the process waits until it is read
    with closing(Batches(FACES.pixels, TARGETS, large, workers=1)) as batches:
        _ = batches[0]
        time.sleep(0.5)
        (worker,) = _children(os.getpid())
        os.kill(worker, signal.SIGKILL)
        with pytest.raises(FerError, match="--workers: one of the processes has ended") as raised:
            _ = [batches[number] for number in range(1, 3)]
        assert batches.error is raised.value


def test_the_processes_end_with_a_parent_that_is_killed() -> None:
    script = (
        "import sys, numpy as np\n"
        "from fer_train.recipe import Recipe\n"
        "from fer_train.training.batch_maker import BatchMaker\n"
        "from fer_train.training.batch_processes import BatchProcesses\n"
        "if __name__ == '__main__':\n"
        "    maker = BatchMaker(np.zeros((20, 48, 48), np.uint8), np.zeros((20, 7), np.float32), Recipe(batch=4))\n"
        "    BatchProcesses(maker, 2).make(0, 0)\n"
        "    print('ready', flush=True)\n"
        "    sys.stdin.read()\n"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == b"ready\n"
        children = _children(parent.pid)
        assert len(children) >= 2
        parent.kill()
    deadline = time.monotonic() + 20
    while any(_runs(pid) for pid in children) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not [pid for pid in children if _runs(pid)]


def _children(parent: int) -> list[int]:
    """The processes that make batches, of a parent."""
    started = [path for path in Path("/proc").glob("[0-9]*") if _status(path).get("PPid") == str(parent)]
    return [int(path.name) for path in started if b"spawn_main" in (path / "cmdline").read_bytes()]


def _runs(pid: int) -> bool:
    return _status(Path(f"/proc/{pid}")).get("State", "Z")[0] != "Z"


def _status(process: Path) -> dict[str, str]:
    try:
        lines = (process / "status").read_text().splitlines()
    except OSError:
        return {}
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}
