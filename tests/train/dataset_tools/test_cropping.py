"""Cropping faces from photographs."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from tests.support.media import MEDIA
from tests.support.planted_defects import photograph, read_rejected, read_tree, write_grey
from tests.support.scenes import Face, scene

from fer_edge.detection.base import Detectors
from fer_edge.detection.haar import HaarDetector
from fer_edge.inference.crop import crop_face
from fer_train.dataset_tools.cropping import CropCounts, CropOptions, crop


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
    os.mkfifo(data / "sad/fifo.jpg")
    shutil.copyfile(MEDIA / "faces" / "grace_hopper.bmp", data / "sad/colour.bmp")
    assert crop(data, tmp_path / "out", CropOptions(margin=0.1, side=64)) == CropCounts(3, 1, 1, 2)
    assert read_rejected(tmp_path / "out") == {
        "none": ("faceless", ""),
        "empty": ("unreadable", ""),
        "fifo": ("unreadable", ""),
    }
    faces = {
        path: cv2.imread(str(tmp_path / "out" / path), cv2.IMREAD_UNCHANGED) for path in read_tree(tmp_path / "out")
    }
    assert set(faces) == {"happy/both.png", "happy/both.png.png", "sad/colour.png", "rejected.csv"}
    assert all(face.shape == (64, 64) for path, face in faces.items() if path.endswith("png"))
    expected = cv2.resize(large[30:170, 30:170], (64, 64))
    assert np.corrcoef(faces["happy/both.png.png"].ravel(), expected.ravel())[0, 1] > 0.8


def cropped(picture: NDArray[np.uint8], folder: Path, options: CropOptions) -> NDArray[np.uint8] | None:
    """The face that is cropped from a photograph, if there is one."""
    write_grey(folder / "photographs/happy/a.png", picture)
    counts = crop(folder / "photographs", folder / "out", options)
    assert counts.faces + counts.faceless == 1
    if not counts.faces:
        return None
    return np.asarray(cv2.imread(str(folder / "out/happy/a.png"), cv2.IMREAD_GRAYSCALE), np.uint8)


def correlation(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> float:
    return float(np.corrcoef(first.ravel(), second.ravel())[0, 1])


@pytest.mark.parametrize("angle", [-40, -20, 20, 40])
@pytest.mark.parametrize("name", ["astronaut.png", "luciano.png"])
def test_a_face_in_a_turned_photograph_is_cropped_upright(
    tmp_path: Path, detectors: Detectors, name: str, angle: int
) -> None:
    options = CropOptions(margin=0.1, detectors=detectors)
    upright, turned = (
        cropped(scene(Face(name, 320, 240, 200, tilt)), tmp_path / str(tilt), options) for tilt in (0, angle)
    )
    assert upright is not None
    assert turned is not None
    assert correlation(upright, turned) > 0.8


def test_with_the_cascade_alone_a_crop_is_that_of_its_upright_box(tmp_path: Path) -> None:
    picture = scene(Face("astronaut.png", 320, 240, 200, 10))
    crop = cropped(picture, tmp_path, CropOptions(margin=0.1, side=64))
    assert crop is not None
    assert np.array_equal(crop, crop_face(picture, HaarDetector(0.1).detect(picture)[0], 0.1, 64))


def test_with_the_cascade_alone_a_face_that_is_turned_far_is_missed(tmp_path: Path) -> None:
    assert cropped(scene(Face("astronaut.png", 320, 240, 200, 40)), tmp_path, CropOptions()) is None


def test_the_crop_of_a_dark_photograph_has_the_contrast_of_a_bright_one(tmp_path: Path, detectors: Detectors) -> None:
    picture, options = scene(Face("luciano.png", 320, 240, 200)), CropOptions(detectors=detectors)
    dark = (picture * 0.1).astype(np.uint8)
    bright, stretched = (cropped(each, tmp_path / str(each.max()), options) for each in (picture, dark))
    assert bright is not None
    assert stretched is not None
    assert correlation(bright, stretched) > 0.9
    assert stretched.max() > 2 * dark.max()


def test_each_photograph_is_stretched_on_its_own(tmp_path: Path, detectors: Detectors) -> None:
    """A dark photograph after a bright one is cropped as if it were the only one."""
    dark = (scene(Face("luciano.png", 320, 240, 200)) * 0.1).astype(np.uint8)
    options = CropOptions(detectors=detectors)
    alone = cropped(dark, tmp_path / "alone", options)
    write_grey(tmp_path / "both/happy/a.png", scene(Face("astronaut.png", 320, 240, 200)))
    write_grey(tmp_path / "both/happy/b.png", dark)
    crop(tmp_path / "both", tmp_path / "out", options)
    assert np.array_equal(cv2.imread(str(tmp_path / "out/happy/b.png"), cv2.IMREAD_GRAYSCALE), alone)


def test_a_face_that_is_turned_away_is_rejected(tmp_path: Path, detectors: Detectors) -> None:
    profile = cv2.imread(str(MEDIA / "no_face.png"), cv2.IMREAD_GRAYSCALE)
    assert cropped(np.asarray(profile, np.uint8), tmp_path, CropOptions(detectors=detectors)) is None
