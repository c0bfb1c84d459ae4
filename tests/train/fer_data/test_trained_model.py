from __future__ import annotations

from pathlib import Path

import pytest

from fer_data.trained_model import TRAINING_CARD, read_trained
from fer_edge.errors import UsageError
from fer_edge.inference.model_file import LABELS, append_entries


def test_the_labels_and_the_card_of_a_trained_model_are_read(tmp_path: Path) -> None:
    path = tmp_path / "model.keras"
    append_entries(path, {"model.weights.h5": "", LABELS: "happy\nsad\n", TRAINING_CARD: '{"epochs": 3}'})
    assert read_trained(path) == (("happy", "sad"), {"epochs": 3})


def test_a_file_that_fer_train_did_not_write_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"none\.keras: No such file"):
        read_trained(tmp_path / "none.keras")
    (tmp_path / "text.keras").write_text("hello")
    with pytest.raises(UsageError, match="not a model of fer-train fit"):
        read_trained(tmp_path / "text.keras")
    append_entries(tmp_path / "other.keras", {LABELS: "happy\nsad\n"})
    with pytest.raises(UsageError, match="not a model of fer-train fit"):
        read_trained(tmp_path / "other.keras")
