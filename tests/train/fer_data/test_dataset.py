from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from tests.support import patterns

from fer_data.dataset import FaceSet, stratified
from fer_edge.errors import DataError

FACES = patterns(70)


def of(faces: FaceSet, name: str) -> set[str]:
    """The names of the faces of one class."""
    return set(faces.names[faces.labels == faces.classes.index(name)].tolist())


def test_a_split_that_is_not_there_says_which_are() -> None:
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


def test_chosen_classes_keep_their_faces_and_take_the_order_asked_for() -> None:
    chosen = FACES.choose(("sad", "happy"))
    assert chosen.classes == ("sad", "happy")
    assert len(chosen) == 20
    assert of(chosen, "sad") == of(FACES, "sad")
    assert of(chosen, "happy") == of(FACES, "happy")
    assert np.array_equal(chosen.pixels[0], FACES.pixels[list(FACES.names).index(chosen.names[0])])


def test_a_class_that_the_data_lacks_gets_no_face() -> None:
    chosen = FACES.choose(("bored", "happy"))
    assert (of(chosen, "bored"), of(chosen, "happy")) == (set(), of(FACES, "happy"))


def test_merged_classes_become_one_and_the_others_stay() -> None:
    merged = FACES.merge({"disgust": "angry"})
    assert merged.classes == ("angry", "fear", "happy", "sad", "surprise", "neutral")
    assert of(merged, "angry") == of(FACES, "angry") | of(FACES, "disgust")
    assert of(merged, "neutral") == of(FACES, "neutral")
    renamed = FACES.merge({"happy": "glad", "surprise": "glad"})
    assert of(renamed, "glad") == of(FACES, "happy") | of(FACES, "surprise")


def test_votes_are_merged_and_chosen_with_their_classes() -> None:
    shares = np.tile(np.array([0.1, 0.3, 0, 0.4, 0, 0.2, 0], np.float32), (len(FACES), 1))
    voted = dataclasses.replace(FACES, votes=shares)
    merged = voted.merge({"disgust": "angry"}).votes
    assert merged is not None
    assert np.allclose(merged, [0.4, 0, 0.4, 0, 0.2, 0])
    chosen = voted.choose(("happy", "bored", "disgust")).votes
    assert chosen is not None
    assert np.allclose(chosen, [4 / 7, 0, 3 / 7])


def test_a_mask_picks_of_everything() -> None:
    full = dataclasses.replace(FACES, votes=np.eye(70, 7, dtype=np.float32), hints=np.eye(70, 3, dtype=np.float32))
    picked = full.only(np.array([5, 2]))
    assert (picked.names.tolist(), picked.labels.tolist()) == (["line 7", "line 4"], [5, 2])
    assert picked.votes is not None
    assert picked.hints is not None
    assert picked.votes.argmax(axis=1).tolist() == [5, 2]
    assert picked.hints[1].tolist() == [0, 0, 1]


def test_a_stratified_part_has_every_class_and_is_the_same_each_time() -> None:
    labels = np.repeat([0, 1, 2], [100, 10, 2])
    chosen = stratified(labels, 0.1, seed=3)
    assert np.bincount(labels[chosen]).tolist() == [10, 1, 1]
    assert np.array_equal(chosen, stratified(labels, 0.1, seed=3))
    assert not np.array_equal(chosen, stratified(labels, 0.1, seed=4))
