"""Own faces and classes, from folders of pictures through training and conversion to events."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from tests.support.media import MEDIA
from tests.support.processes import run, run_in_process
from tests.support.synthetic_faces import striped_faces

from fer_edge.inference.model_file import read_model


def write_folders(root: Path, classes: tuple[str, ...], per_class: int, split: str = "") -> None:
    """Write JPEG files of stripes, 60x60, with a width for each class."""
    faces = striped_faces(7 * per_class, seed=len(split))
    for label, name in enumerate(classes):
        folder = root / split / name
        folder.mkdir(parents=True)
        for number, face in enumerate(faces.pixels[faces.labels == label]):
            cv2.imwrite(str(folder / f"{number}.jpg"), cv2.resize(face, (60, 60)))


@pytest.mark.parametrize(
    ("classes", "splits"),
    [
        (("happy", "not happy"), ("",)),
        (("bored", "delighted", "puzzled", "tired", "wide awake"), ("train", "test")),
    ],
)
def test_folders_of_pictures_become_a_model_that_gives_events(
    tmp_path: Path, classes: tuple[str, ...], splits: tuple[str, ...]
) -> None:
    for split in splits:
        write_folders(tmp_path / "data", classes, 60 if split != "test" else 20, split)
    data, model, tflite = tmp_path / "data", tmp_path / "run" / "model.keras", tmp_path / "own.tflite"
    flags = ["--model", "nano", "--batch", 16, "--epochs", 5, "--average", 0.9, "--warmup", 1]
    done = run("fer_train", "fit", "--data", data, "--out", tmp_path / "run", *flags)
    assert done.code == 0, done.err
    metrics = json.loads((tmp_path / "run" / "metrics.json").read_text())
    assert metrics["classes"] == list(classes)
    assert ("chosen_threshold" in metrics) == (len(classes) == 2)

    done = run_in_process("fer_convert", "quantize", model, "--data", data, "--out", tflite, "--max-drop", 10)
    assert done.code == 0, done.err
    assert read_model(tflite).labels == classes
    done = run_in_process("fer_convert", "evaluate", tflite, "--data", data, "--json")
    assert done.code == 0, done.err
    report = json.loads(done.out)
    (result,) = report["models"]
    assert (report["split"], result["classes"]) == ("test", list(classes))
    assert result["accuracy"] > 1.5 / len(classes), "well above chance"

    done = run(
        "fer_edge", "--camera", MEDIA / "faces" / "astronaut.png", "--mqtt", "none", "--print", "--model", tflite
    )
    assert done.code == 0, done.err
    event = done.events[0]
    assert list(event["scores"]) == list(classes)
    assert event["emotion"] in classes
    assert sum(event["scores"].values()) == pytest.approx(1, abs=0.02)


def test_merged_and_chosen_classes_are_evaluated_as_they_were_trained(tmp_path: Path) -> None:
    write_folders(tmp_path / "data", ("angry", "cross", "calm", "odd"), 30)
    flags = ["--model", "nano", "--batch", 16, "--epochs", 1]
    class_flags = ["--merge", "angry+cross=bad", "--classes", "calm,bad"]
    done = run_in_process(
        "fer_train", "fit", "--data", tmp_path / "data", "--out", tmp_path / "run", *class_flags, *flags
    )
    assert done.code == 0, done.err
    arguments = ["--data", tmp_path / "data", "--out", tmp_path / "own.tflite", "--max-drop", 50]
    done = run_in_process("fer_convert", "quantize", tmp_path / "run" / "model.keras", *arguments)
    assert done.code == 0, done.err
    assert read_model(tmp_path / "own.tflite").labels == ("calm", "bad")
    done = run_in_process("fer_convert", "evaluate", tmp_path / "own.tflite", "--data", tmp_path / "data", "--json")
    assert done.code == 0, done.err
    confusion = np.array(json.loads(done.out)["models"][0]["confusion"])
    assert confusion.sum(axis=1).tolist() == [3, 6], "angry and cross count as one class, odd is left out"
