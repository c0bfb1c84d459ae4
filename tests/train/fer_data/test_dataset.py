"""Selecting and merging faces and classes."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from tests.support.synthetic_faces import striped_faces

from fer_data.dataset import FaceSet, stratified
from fer_edge.errors import DataError

FACES = striped_faces(70)


def names_of(faces: FaceSet, name: str) -> set[str]:
    """The names of the faces of one class."""
    return set(faces.names[faces.labels == faces.classes.index(name)].tolist())


def test_an_unknown_split_is_an_error_that_lists_the_splits() -> None:
    with pytest.raises(DataError, match="PublicTest, Training"):
        FACES.split("PrivateTest")


def test_the_test_split_is_the_first_of_the_usual_names() -> None:
    def named(*splits: str) -> FaceSet:
        return dataclasses.replace(FACES, splits=np.resize(np.array(splits), len(FACES)))

    assert FACES.test_split() == "PublicTest"
    assert named("Training", "validation", "test").test_split() == "test"
    assert named("Training", "validation").test_split() == "validation"
    with pytest.raises(DataError, match="no split to evaluate on"):
        named("Training", "PrivateTest").test_split()


def test_chosen_classes_keep_their_faces_and_have_the_given_order() -> None:
    chosen = FACES.choose(("sad", "happy"))
    assert chosen.classes == ("sad", "happy")
    assert len(chosen) == 20
    assert names_of(chosen, "sad") == names_of(FACES, "sad")
    assert names_of(chosen, "happy") == names_of(FACES, "happy")
    assert np.array_equal(chosen.pixels[0], FACES.pixels[list(FACES.names).index(chosen.names[0])])


def test_a_chosen_class_that_the_data_lacks_has_no_faces() -> None:
    chosen = FACES.choose(("bored", "happy"))
    assert (names_of(chosen, "bored"), names_of(chosen, "happy")) == (set(), names_of(FACES, "happy"))


def test_merged_classes_become_one_and_the_others_stay() -> None:
    merged = FACES.merge({"disgust": "angry"})
    assert merged.classes == ("angry", "fear", "happy", "sad", "surprise", "neutral")
    assert names_of(merged, "angry") == names_of(FACES, "angry") | names_of(FACES, "disgust")
    assert names_of(merged, "neutral") == names_of(FACES, "neutral")
    renamed = FACES.merge({"happy": "glad", "surprise": "glad"})
    assert names_of(renamed, "glad") == names_of(FACES, "happy") | names_of(FACES, "surprise")


def test_votes_are_merged_and_chosen_with_their_classes() -> None:
    shares = np.tile(np.array([0.1, 0.3, 0, 0.4, 0, 0.2, 0], np.float32), (len(FACES), 1))
    voted = dataclasses.replace(FACES, votes=shares)
    merged = voted.merge({"disgust": "angry"}).votes
    assert merged is not None
    assert np.allclose(merged, [0.4, 0, 0.4, 0, 0.2, 0])
    chosen = voted.choose(("happy", "bored", "disgust")).votes
    assert chosen is not None
    assert np.allclose(chosen, [4 / 7, 0, 3 / 7])


def test_selected_faces_keep_their_labels_votes_and_hints() -> None:
    full = dataclasses.replace(FACES, votes=np.eye(70, 7, dtype=np.float32), hints=np.eye(70, 3, dtype=np.float32))
    selected = full.only(np.array([5, 2]))
    assert (selected.names.tolist(), selected.labels.tolist()) == (["line 7", "line 4"], [5, 2])
    assert selected.votes is not None
    assert selected.hints is not None
    assert selected.votes.argmax(axis=1).tolist() == [5, 2]
    assert selected.hints[1].tolist() == [0, 0, 1]


def test_a_stratified_sample_has_every_class_and_depends_on_the_seed() -> None:
    labels = np.repeat([0, 1, 2], [100, 10, 2])
    chosen = stratified(labels, 0.1, seed=3)
    assert np.bincount(labels[chosen]).tolist() == [10, 1, 1]
    assert np.array_equal(chosen, stratified(labels, 0.1, seed=3))
    assert not np.array_equal(chosen, stratified(labels, 0.1, seed=4))
