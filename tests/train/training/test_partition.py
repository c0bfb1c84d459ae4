"""Training and validation faces."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from tests.support.synthetic_faces import striped_faces

from fer_data.dataset import FaceSet
from fer_edge.errors import UsageError
from fer_train.training.partition import find_test_faces, partition

FACES = striped_faces(280)


def test_a_tenth_of_training_is_held_out_without_a_validation_split() -> None:
    training, validation, copies = partition(FACES, None, seed=1)
    assert (len(training), len(validation), copies) == (189, 21, 0)
    assert set(training.names) | set(validation.names) == set(FACES.split("Training").names)
    assert np.bincount(validation.labels).tolist() == [3] * 7


def test_a_split_named_validation_is_used_if_there_is_one() -> None:
    splits = np.where(FACES.splits == "PublicTest", "validation", FACES.splits)
    training, validation, _ = partition(dataclasses.replace(FACES, splits=splits), None, seed=1)
    assert (len(training), validation.split_names()) == (210, ["validation"])


def test_what_is_held_out_is_not_named_training_and_a_free_test_split_is_judged_too() -> None:
    held_out = partition(FACES, None, seed=1).validation
    assert held_out.split_names() == ["held out of Training"]
    assert find_test_faces(FACES, held_out).split_names() == ["PublicTest"]
    validation = partition(FACES, "PublicTest", seed=1).validation
    assert find_test_faces(FACES, validation) is None
    splits = np.where(np.arange(len(FACES)) % 8 == 7, "PrivateTest", FACES.splits)
    validation = partition(dataclasses.replace(FACES, splits=splits), "PublicTest", seed=1).validation
    found = find_test_faces(dataclasses.replace(FACES, splits=splits), validation)
    assert (found.split_names(), len(found)) == (["PrivateTest"], 35)


def test_another_seed_holds_out_other_faces() -> None:
    first, second = (partition(FACES, "0.2", seed)[1].names.tolist() for seed in (1, 2))
    assert first != second
    assert first == partition(FACES, "0.2", 1)[1].names.tolist()


def with_copies() -> FaceSet:
    """Three faces of Training are also in PublicTest, and two are in Training twice."""
    pixels = FACES.pixels.copy()
    training, public = np.flatnonzero(FACES.splits == "Training"), np.flatnonzero(FACES.splits == "PublicTest")
    pixels[training[:3]] = pixels[public[:3]]
    pixels[training[3:5]] = pixels[training[10:12]]
    return dataclasses.replace(FACES, pixels=pixels)


def test_training_faces_with_a_copy_in_another_split_are_left_out() -> None:
    faces = with_copies()
    training, validation, copies = partition(faces, "PublicTest", seed=1)
    assert (len(training), len(validation), copies) == (207, 70, 3)
    assert not set(training.digests()) & set(validation.digests())
    assert len(partition(faces, "PublicTest", seed=1, keep_copies=True)[0]) == 210


def test_a_held_out_face_has_no_copy_in_training() -> None:
    for seed in range(5):
        training, validation, _ = partition(with_copies(), "0.5", seed)
        assert not set(training.digests()) & set(validation.digests())


def test_a_class_without_training_faces_is_named_in_the_error() -> None:
    faces = FACES.only((FACES.labels != 3) | (FACES.splits == "PublicTest"))
    with pytest.raises(UsageError, match="class happy: no face to train on"):
        partition(faces, "PublicTest", seed=1)
