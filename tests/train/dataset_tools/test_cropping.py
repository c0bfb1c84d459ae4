"""Cropping faces from photographs."""

from __future__ import annotations

import shutil
from pathlib import Path

import cv2
import numpy as np
from tests.support.media import MEDIA
from tests.support.planted_defects import (
    photograph,
    read_rejected,
    read_tree,
    write_grey,
)

from fer_train.dataset_tools.cropping import CropCounts, crop


def test_the_largest_face_of_each_photograph_is_cropped(tmp_path: Path) -> None:
    data = tmp_path / "photographs"
    large, small = photograph("astronaut.png"), photograph("luciano.png")
    both = np.full((400, 700), 128, np.uint8)
    both[:, :400] = cv2.resize(large, (400, 400))
    both[100:300, 480:680] = small
    write_grey(data / "happy/both.png", both)
    write_grey(data / "happy/both.bmp", small)
    write_grey(data / "sad/none.png", cv2.imread(str(MEDIA / "no_face.png"), cv2.IMREAD_GRAYSCALE))
    (data / "sad/empty.jpg").write_bytes(b"")
    shutil.copyfile(MEDIA / "faces" / "grace_hopper.bmp", data / "sad/colour.bmp")
    assert crop(data, tmp_path / "out", margin=0.1, side=64) == CropCounts(3, 1, 1, 1)
    assert read_rejected(tmp_path / "out") == {"none": ("faceless", ""), "empty": ("unreadable", "")}
    faces = {
        path: cv2.imread(str(tmp_path / "out" / path), cv2.IMREAD_UNCHANGED) for path in read_tree(tmp_path / "out")
    }
    assert set(faces) == {"happy/both.png", "happy/both.png.png", "sad/colour.png", "rejected.csv"}
    assert all(face.shape == (64, 64) for path, face in faces.items() if path.endswith("png"))
    expected = cv2.resize(large[30:170, 30:170], (64, 64))
    assert np.corrcoef(faces["happy/both.png.png"].ravel(), expected.ravel())[0, 1] > 0.8
