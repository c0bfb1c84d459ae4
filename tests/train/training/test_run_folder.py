"""The folder of a run: its configuration, and what protects it from another run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.support.processes import run_in_process
from tests.support.refusals import assert_refused
from tests.support.training import SHORT_RUN

from fer_data.data_source import DataSource
from fer_edge.errors import UsageError
from fer_train.recipe import Recipe
from fer_train.training.run_folder import BACKUP, RunConfig, read_accuracies, read_config, read_origins

CONFIG = RunConfig(DataSource(Path("/data/faces.csv"), merge=("a+b=c",)), "0.2", False, (), Recipe(model="nano"))


def test_a_folder_with_another_run_is_refused_and_unchanged(data: Path, trained: Path) -> None:
    before = (trained / "model.keras").read_bytes()
    done = run_in_process(
        "fer_train", "fit", "--data", data, "--out", trained, *SHORT_RUN, "--mixup", 0.2, "--epochs", 5
    )
    assert_refused(done, "fer-train", "holds a run with mixup 0.0, validation PublicTest", printed="read ")
    assert (trained / "model.keras").read_bytes() == before


def test_a_saved_configuration_is_read_back(tmp_path: Path) -> None:
    CONFIG.save(tmp_path / "run", {})
    assert read_config(tmp_path / "run") == CONFIG
    assert read_origins(tmp_path / "run") == {"weights": "none", "teachers": []}


def test_only_the_number_of_epochs_may_change_once_there_is_a_backup(tmp_path: Path) -> None:
    CONFIG.save(tmp_path, {})
    (tmp_path / BACKUP).touch()
    longer = RunConfig(CONFIG.source, CONFIG.validation, False, (), Recipe(model="nano", epochs=99))
    longer.save(tmp_path, {})
    assert read_config(tmp_path) == longer
    with pytest.raises(UsageError, match=r"holds a run with seed 1, keep_copies False: resume it"):
        RunConfig(CONFIG.source, CONFIG.validation, True, (), Recipe(model="nano", seed=2)).save(tmp_path, {})


def test_a_file_of_another_version_is_reported(tmp_path: Path) -> None:
    CONFIG.save(tmp_path, {})
    (tmp_path / "recipe.json").write_text('{"optimizer": "adam"}')
    with pytest.raises(UsageError, match="is of another version"):
        read_config(tmp_path)
    (tmp_path / "run.json").write_text(json.dumps(CONFIG.as_json()))
    with pytest.raises(UsageError, match="is of another version"):
        read_origins(tmp_path)


@pytest.mark.parametrize("content", ["", "[]", "null", "[" * 100_000, "\0"])
def test_a_damaged_configuration_is_reported(tmp_path: Path, content: str) -> None:
    CONFIG.save(tmp_path, {})
    (tmp_path / "recipe.json").write_text(content)
    with pytest.raises(UsageError, match=f"^{tmp_path}: not the folder of a run"):
        read_config(tmp_path)


def test_accuracies_are_those_of_the_history(tmp_path: Path) -> None:
    assert read_accuracies(tmp_path) == ()
    (tmp_path / "history.csv").write_text("epoch,val_accuracy\n0,0.25\n1,0.5\n")
    assert read_accuracies(tmp_path) == (0.25, 0.5)
