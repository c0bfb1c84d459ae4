"""Defects of single pictures, on photographs of faces."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from tests.support.planted_defects import (
    PHOTOGRAPHS,
    photograph,
    write_clean_folder,
    write_defective_folder,
)
from tests.support.synthetic_faces import striped_faces

from fer_data.dataset import FaceSet
from fer_edge.errors import DataError
from fer_train.dataset_tools import duplicates, quality


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_defective_folder(tmp_path_factory.mktemp("planted"))


def named(faces: FaceSet, mask: NDArray[np.bool_]) -> set[str]:
    return {Path(name).stem for name in faces.names[mask]}


def test_each_planted_defect_is_found_and_nothing_else(planted: Path) -> None:
    faces, sizes = quality.read_complete(planted)
    assert named(faces, quality.is_flat(faces)) == {"flat"}
    assert named(faces, quality.is_tiny(sizes)) == {"tiny"}
    assert "blurred" in named(faces, quality.is_blurred(faces))
    assert named(faces, quality.is_blurred(faces)) <= {"blurred", "tiny"}, "a tiny one enlarged is blurred too"
    assert "faceless" in named(faces, quality.is_faceless(faces, sizes, planted))
    assert named(faces, quality.is_faceless(faces, sizes, planted)) <= {"faceless", "flat", "tiny", "blurred"}
    groups = {frozenset(Path(name).stem for name in faces.names[group]) for group in duplicates.exact_groups(faces)}
    assert groups == {frozenset({"b", "copy"}), frozenset({"a", "contradiction"}), frozenset({"f", "leak"})}
    near = {frozenset(Path(name).stem for name in faces.names[pair]) for pair in duplicates.near_pairs(faces.pixels)}
    assert near == {frozenset({"d", "near"})}


def test_good_pictures_have_no_defect(tmp_path: Path) -> None:
    faces, sizes = quality.read_complete(write_clean_folder(tmp_path))
    assert sorted(faces.names) == sorted(PHOTOGRAPHS)
    assert sizes.tolist() == [[200, 200]] * len(PHOTOGRAPHS)
    for mask in (quality.is_flat(faces), quality.is_blurred(faces), quality.is_tiny(sizes)):
        assert not mask.any()
    assert not quality.is_faceless(faces, sizes, tmp_path).any()
    assert not duplicates.exact_groups(faces)
    assert not len(duplicates.near_pairs(faces.pixels))


def test_truncated_and_empty_pictures_are_listed_as_damaged(planted: Path) -> None:
    faces, _ = quality.read_complete(planted)
    assert not {"truncated", "empty"} & {Path(name).stem for name in faces.names}
    assert len(faces.damaged) == 2
    for name in ("truncated.jpg", "empty.png"):
        assert sum(name in line for line in faces.damaged) == 1


def test_a_set_of_only_truncated_pictures_is_an_error(tmp_path: Path) -> None:
    whole = cv2.imencode(".jpg", photograph("angry.jpg"))[1].tobytes()
    (tmp_path / "sad").mkdir()
    (tmp_path / "sad" / "a.jpg").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match=r"no .* in it: .*a\.jpg"):
        quality.read_complete(tmp_path)


def test_a_dim_picture_is_not_blurred() -> None:
    face = cv2.resize(photograph("astronaut.png"), (48, 48), interpolation=cv2.INTER_AREA)
    dim = (face * 0.3).astype(np.uint8)
    soft = cv2.GaussianBlur(face, (0, 0), 4)
    assert quality.sharpness(dim) == pytest.approx(quality.sharpness(face), rel=0.1)
    assert quality.sharpness(soft) < quality.BLURRED < quality.sharpness(face)


def test_a_face_that_fills_its_picture_is_detected() -> None:
    grey = photograph("grace_hopper.bmp")
    tight = cv2.resize(grey[44:156, 44:156], (48, 48), interpolation=cv2.INTER_AREA)
    faces = striped_faces(2)
    faces.pixels[0] = tight
    assert quality.is_faceless(faces, np.full((2, 2), 48), Path()).tolist() == [False, True]
