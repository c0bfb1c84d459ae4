"""fer-train predict, as a user runs it; evaluation/pictures.py is tested by its output here."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import cv2
import numpy as np
import pytest
from tests.support.media import MEDIA
from tests.support.processes import run, run_in_process
from tests.support.refusals import assert_refused
from tests.support.synthetic_faces import striped_faces

from fer_data.readers.fer2013 import FER2013_CLASSES


def write_crops(folder: Path, side: int) -> list[int]:
    """Write synthetic faces and return their labels."""
    faces = striped_faces(28, seed=5)
    for number, face in enumerate(faces.pixels):
        cv2.imwrite(str(folder / f"{number:02}.png"), cv2.resize(face, (side, side)))
    return list(faces.labels)


def test_photographs_are_classified_as_the_device_does_and_those_without_a_face_are_named(tmp_path: Path) -> None:
    pictures = [MEDIA / "faces" / "astronaut.png", MEDIA / "no_face.png", tmp_path / "two.png"]
    portraits = [cv2.imread(str(MEDIA / "faces" / name)) for name in ("bryan.png", "luciano.png")]
    cv2.imwrite(str(pictures[2]), np.hstack([cv2.resize(portrait, (400, 400)) for portrait in portraits]))
    done = run_in_process("fer_train", "predict", "nano", *pictures, "--out", tmp_path / "sheet.png")
    assert done.code == 0, done.err
    lines = done.out.splitlines()
    assert lines[0].split() == ["file", "class", *" % ".join([*FER2013_CLASSES, ""]).split()]
    assert [line.split("  ")[0] for line in lines[1:]] == [
        *map(str, pictures[:2]),
        *(f"{pictures[2]} ({number} of 2)" for number in (1, 2)),
    ]
    assert lines[2].endswith("  no face found")
    sheet = cv2.imread(str(tmp_path / "sheet.png"), cv2.IMREAD_GRAYSCALE)
    assert sheet.shape[1] > 3 * sheet.shape[0], "four pictures in a row"
    assert sheet.std() > 30
    event = run("fer_edge", "--camera", pictures[0], "--model", "nano", "--print", "--mqtt", "none").events[0]
    done = run_in_process("fer_train", "predict", "nano", pictures[0], "--json")
    (prediction,) = json.loads(done.out)
    (face,) = prediction["faces"]
    assert face["class"] == event["emotion"]
    assert face["scores"] == pytest.approx(event["scores"], abs=1e-3)


def test_a_keras_model_classifies_cropped_faces_of_any_size(trained: Path, tmp_path: Path) -> None:
    for side, flags, model in ((48, [], trained), (120, ["--cropped"], trained / "model.keras")):
        labels = write_crops(tmp_path, side)
        done = run_in_process("fer_train", "predict", model, tmp_path, "--json", *flags)
        assert done.code == 0, done.err
        classes = [one["faces"][0]["class"] for one in json.loads(done.out)]
        right = [name == FER2013_CLASSES[label] for name, label in zip(classes, labels, strict=True)]
        assert np.mean(right) > 0.5, "chance is 0.14"


def test_a_damaged_picture_is_named_and_the_others_are_classified(tmp_path: Path) -> None:
    write_crops(tmp_path, 48)
    (tmp_path / "bad\n.png").write_bytes(b"no png")
    (tmp_path / os.fsdecode(b"caf\xe9.png")).write_bytes((tmp_path / "00.png").read_bytes())
    done = run_in_process("fer_train", "predict", "nano", tmp_path, "--out", tmp_path.parent / "sheet.png")
    assert done.code == 1
    assert len(done.out.splitlines()) == 1 + 28 + 2
    assert re.search(r"bad\\n\.png +not a picture", done.out)
    assert (tmp_path.parent / "sheet.png").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("nano {0}/nosuch.png", "nosuch.png: no such file or folder"),
        ("nano {0}", "no pictures in this folder"),
        ("nosuch.tflite {1}", "nosuch.tflite: No such file"),
        ("{0} {1}", "no model.keras in this folder: give the folder of a finished run"),
        ("nano {1} --out {0}/sheet.jpg", "sheet.jpg: must be a .png in an existing folder"),
        ("nano {1} --out {0}/nosuch/sheet.png", "sheet.png: must be a .png in an existing folder"),
    ],
)
def test_what_cannot_be_used_is_reported_in_one_line(tmp_path: Path, arguments: str, message: str) -> None:
    done = run_in_process("fer_train", "predict", *arguments.format(tmp_path, MEDIA / "faces" / "angry.jpg").split())
    assert_refused(done, "fer-train", message, code=done.code)
    assert done.code in (2, 78)
