from __future__ import annotations

from pathlib import Path

import pytest

from fer_train.report.history import read_epochs


def test_the_last_row_of_each_epoch_counts(tmp_path: Path) -> None:
    (tmp_path / "history.csv").write_text("epoch,loss\n0,3\n1,2\n1,1.5\n")
    assert read_epochs(tmp_path / "history.csv") == [{"epoch": 0, "loss": 3}, {"epoch": 1, "loss": 1.5}]
    assert read_epochs(tmp_path / "none.csv") == []


@pytest.mark.parametrize("damage", ["1", "1,", "1,x", "1,2,3", "\0\0\0", '"', "\udcff,1"])
def test_a_row_that_is_incomplete_is_skipped(tmp_path: Path, damage: str) -> None:
    (tmp_path / "history.csv").write_text(f"epoch,loss\n0,3\n{damage}", errors="surrogateescape")
    assert read_epochs(tmp_path / "history.csv") == [{"epoch": 0, "loss": 3}]
