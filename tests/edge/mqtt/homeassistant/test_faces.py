"""The entities of faces and zones, from messages `state`."""

from __future__ import annotations

import json

import pytest
from tests.support.discovery import NAMES, NOBODY, STATE, entities, render

SAD = {**STATE, "faces": 2, "emotion": "sad", "score": 0.2871, "scores": {"happy": 0.07, "sad": 0.29, "so-so": 0.64}}


@pytest.mark.parametrize(
    ("key", "changed", "value"),
    [
        ("emotion", {}, "sad"),
        ("emotion", NOBODY, "None"),
        ("confidence", {}, "28.7"),
        ("confidence", {"score": 1.0}, "100.0"),
        ("confidence", NOBODY, "None"),
        ("faces", {}, "2"),
        ("occupancy", {}, "ON"),
        ("occupancy", {"faces": 0}, "OFF"),
        ("occupancy", {"faces": 0, "observing": False}, "None"),
        ("score_sad", {}, "29.0"),
        ("score_happy", {}, "7.0"),
        ("score_happy", NOBODY, "None"),
    ],
)
def test_a_template_extracts_the_value_of_its_entity(key: str, changed: dict[str, object], value: str) -> None:
    assert render(entities()[key], {**SAD, **changed}) == value


def test_scores_of_classes_are_disabled_until_the_owner_enables_them() -> None:
    found = entities()
    disabled = {key for key, entity in found.items() if entity.get("enabled_by_default") is False}
    assert disabled == {key for key in found if key.startswith("score_")}
    assert len(disabled) == 3


def test_valence_and_arousal_are_entities_if_all_labels_have_coordinates() -> None:
    found = entities(labels=["happy", "sad"])
    state = {"faces": 1, "emotion": "happy", "score": 0.9, "valence": 0.67, "arousal": -0.02}
    assert [render(found[axis], state) for axis in ("valence", "arousal")] == ["0.67", "-0.02"]
    nobody = {**STATE, "valence": None, "arousal": None}
    assert [render(found[axis], nobody) for axis in ("valence", "arousal")] == ["None", "None"]
    assert found["valence"].items() > {"platform": "sensor", "state_class": "measurement"}.items()
    assert "valence" not in entities()


def test_each_zone_has_its_occupancy_and_its_number_of_faces_whatever_its_name() -> None:
    found = list(entities(zones=NAMES).values())
    for number, name in enumerate(NAMES):
        occupancy = next(one for one in found if one.get("name") == f"Occupancy {name}")
        faces = next(one for one in found if one.get("name") == f"Faces {name}")
        state = {**STATE, "faces": 1, "zones": {other: int(other == name) * number for other in NAMES}}
        assert (occupancy["device_class"], faces["state_class"]) == ("occupancy", "measurement")
        assert (render(occupancy, state), render(faces, state)) == ("ON" if number else "OFF", str(number))
        assert render(occupancy, {**state, "observing": False}) == "None"


def test_each_label_has_a_score_whatever_its_name() -> None:
    found = list(entities(labels=NAMES).values())
    scores = {name: number / 100 for number, name in enumerate(NAMES)}
    for number, name in enumerate(NAMES):
        entity = next(one for one in found if one.get("name") == f"Score {name}")
        assert float(render(entity, json.dumps({**SAD, "scores": scores}))) == number
