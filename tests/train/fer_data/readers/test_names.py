"""Names of classes."""

from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from fer_data.readers.names import describe_joined, join_spellings, name_key, normalise_name


def test_spellings_that_differ_in_blanks_case_or_composition_are_one_class() -> None:
    decomposed = unicodedata.normalize("NFD", "glücklich")
    classes = join_spellings(["happy ", "Happy", "sad", decomposed, "glücklich", "not  happy"])
    assert classes == {
        **{"happy ": "Happy", "Happy": "Happy", "sad": "sad"},
        **{decomposed: "glücklich", "glücklich": "glücklich", "not  happy": "not happy"},
    }
    assert "'Happy' and 'happy ' are one class, Happy" in describe_joined(classes)


def test_a_single_spelling_is_kept_and_needs_no_report() -> None:
    classes = join_spellings(["HAPPY ", "Sad"])
    assert classes == {"HAPPY ": "HAPPY", "Sad": "Sad"}
    assert describe_joined(classes) == []


@given(st.lists(st.text(), min_size=1))
def test_a_label_survives_a_file_of_one_label_a_line(names: list[str]) -> None:
    """Labels are stripped when they are read from a model, and the data must still have them."""
    for label in join_spellings(names).values():
        assert label.strip() == label
        assert len(label.splitlines()) <= 1
        assert name_key(normalise_name(label)) == name_key(label)
