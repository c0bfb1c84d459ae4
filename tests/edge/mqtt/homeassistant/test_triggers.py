"""Event entities and triggers of the device, from messages `event` and `mood`."""

from __future__ import annotations

import json

from tests.support.discovery import NAMES, entities, render


def test_the_event_entity_keeps_every_field_of_an_event() -> None:
    event = {"type": "update", "track": 7, "emotion": 'it\'s <so> "so" & ☺', "scores": {"a": 0.5}, "previous": None}
    rendered = render(entities()["face"], event)
    assert json.loads(rendered) == {**event, "event_type": "update"}


def test_moods_are_an_event_entity_if_there_are_any() -> None:
    mood = entities(moods=["cheerful"])["mood"]
    attributes = json.loads(render(mood, {"id": "a-mood-0", "name": "cheerful", "state": "end"}))
    assert attributes["event_type"] in mood["event_types"]
    assert attributes["mood"] == "cheerful"
    assert "mood" not in entities()


def test_the_triggers_of_a_face_are_its_start_and_its_end() -> None:
    triggers = [entities()[key] for key in ("face_start", "face_end")]
    assert [(one["subtype"], one["type"], one["topic"]) for one in triggers] == [
        ("Face", "appeared", "fer/a/event"),
        ("Face", "disappeared", "fer/a/event"),
    ]
    for kind, expected in (("start", [True, False]), ("update", [False, False]), ("end", [False, True])):
        assert [render(one, {"type": kind}) == one["payload"] for one in triggers] == expected


def test_each_mood_has_triggers_of_its_start_and_its_end_whatever_its_name() -> None:
    triggers = [one for one in entities(moods=NAMES).values() if one.get("topic") == "fer/a/mood"]
    assert len(triggers) == 2 * len(NAMES)
    for name in NAMES:
        for state, kind in (("start", "mood started"), ("end", "mood ended")):
            message = {"name": name, "state": state}
            triggered = [one for one in triggers if render(one, message) == one["payload"]]
            assert [(one["subtype"], one["type"]) for one in triggered] == [(name, kind)]
