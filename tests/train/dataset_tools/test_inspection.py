"""The inspection of a data set with one picture of each defect."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.support.planted_defects import write_defective_folder

from fer_train.dataset_tools.inspection import inspect


@pytest.fixture(scope="module")
def findings(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return inspect(write_defective_folder(tmp_path_factory.mktemp("faces"))).as_json()


def test_faces_and_sizes_are_counted(findings: dict[str, Any]) -> None:
    assert findings["faces"] == 15
    assert findings["splits"] == {"Training": {"happy": 7, "sad": 5}, "test": {"happy": 1, "sad": 2}}
    assert findings["sizes"] == {"200x200": 13, "16x16": 1, "512x512": 1}


def test_copies_are_counted_by_split_and_contradictions_named(findings: dict[str, Any]) -> None:
    assert findings["copies"]["by_split"]["test"] == {"Training": 1, "test": 0}
    assert findings["copies"]["by_split"]["Training"] == {"Training": 4, "test": 1}
    assert findings["near_copies"]["by_split"]["Training"] == {"Training": 2, "test": 0}
    labels = {Path(name).stem: label for name, label in findings["contradictions"]["names"][0].items()}
    assert labels == {"a": "happy", "contradiction": "sad"}


def test_defective_pictures_are_named(findings: dict[str, Any]) -> None:
    assert findings["flat"] == {"faces": 1, "names": ["train/sad/flat.png"]}
    assert "test/sad/faceless.png" in findings["faceless"]["names"]
    assert findings["damaged"]["pictures"] == 2
