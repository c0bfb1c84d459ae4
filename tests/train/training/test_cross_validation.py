"""K-fold cross-validation."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path

import keras
import numpy as np
from tests.support.processes import run_in_process
from tests.support.synthetic_faces import striped_faces, write_csv
from tests.support.training import read_card

from fer_data.temperature import fit_temperature
from fer_edge.inference.temperature import apply_temperature
from fer_train.prediction import probabilities
from fer_train.training.cross_validation import assign_folds

FACES = striped_faces(210)


def test_folds_have_equally_many_faces_of_every_class() -> None:
    folds = assign_folds(FACES, 5, seed=1)
    for fold in range(5):
        assert np.bincount(FACES.labels[folds == fold]).tolist() == [6] * 7
    assert np.array_equal(folds, assign_folds(FACES, 5, seed=1))
    assert not np.array_equal(folds, assign_folds(FACES, 5, seed=2))


def test_exact_copies_are_in_one_fold() -> None:
    pixels = FACES.pixels.copy()
    pixels[100:120] = pixels[:20]
    folds = assign_folds(dataclasses.replace(FACES, pixels=pixels), 5, seed=1)
    assert np.array_equal(folds[100:120], folds[:20])


def test_each_face_is_evaluated_by_the_network_that_was_not_trained_on_it(tmp_path: Path) -> None:
    faces = striped_faces(280)
    data = write_csv(faces, tmp_path / "faces.csv")
    flags = ["--model", "nano", "--batch", 32, "--epochs", 1, "--folds", 2]
    done = run_in_process("fer_train", "fit", "--data", data, "--out", tmp_path / "run", *flags)
    assert done.code == 0, done.err
    assert "all 2 folds" in done.out
    progress = re.findall(r"^(fold .*?)(?:about .*)?$|^\d+/\d+ - .*(val_accuracy)", done.out, re.MULTILINE)
    assert ["".join(line) for line in progress] == [
        *("fold 1 of 2: 105 faces to train on, 105 held out", "fold 1 of 2: 1 epoch of 4 steps, ", "val_accuracy"),
        *("fold 2 of 2: 105 faces to train on, 105 held out", "fold 2 of 2: 1 epoch of 4 steps, ", "val_accuracy"),
    ]
    assert len(re.findall("^fold 1 of 2: .* about .*; with 1 further fold about", done.out, re.MULTILINE)) == 1
    assert done.out.count("further fold") == 1
    page = (tmp_path / "run" / "report.html").read_text()
    assert "<h1>Cross-validation in 2 folds</h1>" in page
    summary = json.loads((tmp_path / "run" / "folds.json").read_text())
    predicted = np.load(tmp_path / "run" / "out_of_fold.npz")
    training = faces.split("Training")
    assert predicted["names"].tolist() == training.names.tolist()
    folds = assign_folds(training, 2, seed=1)
    accuracies = []
    for fold in range(2):
        model = keras.saving.load_model(tmp_path / "run" / f"fold-{fold + 1}" / "model.keras")
        own = probabilities(model, training.pixels[folds == fold])
        temperature = read_card(tmp_path / "run" / f"fold-{fold + 1}")["temperature"]
        assert temperature == fit_temperature(training.labels[folds == fold], own) != 1
        own = apply_temperature(own, temperature)
        assert np.allclose(predicted["probabilities"][folds == fold], own, atol=1e-4)
        accuracies.append((own.argmax(axis=1) == training.labels[folds == fold]).mean())
    assert np.allclose(summary["accuracies"], accuracies)
    assert np.isclose(summary["mean"], np.mean(accuracies))
    assert summary["faces"] == len(training)
    assert f"{100 * summary['accuracy']:.1f} % of {len(training)} faces are classified correctly" in page
    assert f"<td>2</td><td>{100 * accuracies[1]:.1f}\u00a0%</td><td>fold-2/report.html</td>" in page
    assert page.count("data:image/png;base64") == 6
    assert "<td>epochs</td><td>1</td>" in page
