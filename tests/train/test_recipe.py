"""The recipe of a run; the messages on wrong values are tested in commands/test_fit.py."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from pathlib import Path

import pytest

from fer_edge.errors import UsageError
from fer_train.cli import main
from fer_train.recipe import Recipe, help_texts


def test_a_saved_recipe_is_read_back(tmp_path: Path) -> None:
    recipe = Recipe(model="nano", learning_rate=0.01)
    recipe.save(tmp_path / "recipe.json")
    assert Recipe(**json.loads((tmp_path / "recipe.json").read_text())) == recipe


@pytest.mark.parametrize("field", [field.name for field in dataclasses.fields(Recipe)])
def test_every_value_is_checked(field: str) -> None:
    value = "other" if isinstance(getattr(Recipe(), field), str) else -1
    if field == "weights":
        assert Recipe(weights="any file").weights == "any file", "load_initial_weights() checks it"
        return
    with pytest.raises(UsageError, match=f"--{field.replace('_', '-')} {value}: must be"):
        Recipe(**{field: value})


def test_each_hyper_parameter_is_explained_in_the_help_of_its_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fit", "--help"]) == 0
    printed = "".join(capsys.readouterr().out.split())
    assert list(help_texts()) == [field.name for field in dataclasses.fields(Recipe)]
    for field in dataclasses.fields(Recipe):
        text = "".join(help_texts()[field.name].split())
        assert text
        assert f"--{field.name.replace('_', '-')}X{text}" in printed


def test_the_recipe_and_the_registry_import_neither_keras_nor_tensorflow() -> None:
    code = "import sys, fer_train.recipe, fer_train.cli; print({'keras', 'tensorflow', 'sklearn'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == "set()\n"
