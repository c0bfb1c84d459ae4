"""Faces with the labels of a model."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

import pytest
from tests.support.synthetic_faces import striped_faces, write_csv

from fer_convert.data_flags import read_faces_for
from fer_data.data_source import with_labels_of_model
from fer_edge.errors import UsageError


def test_classes_are_those_of_the_model_however_they_are_spelled() -> None:
    faces = with_labels_of_model(("Sad", " HAPPY"), striped_faces(70))
    assert faces.classes == ("Sad", " HAPPY")
    assert faces.counts()["PublicTest"] == {"Sad": 3, " HAPPY": 3}
    with pytest.raises(UsageError, match=r"the model's labels \(glad, sad\) are not those of the data \(angry"):
        with_labels_of_model(("glad", "sad"), striped_faces(70))


def test_classes_that_the_model_does_not_have_are_reported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = Namespace(data=write_csv(striped_faces(70), tmp_path / "f.csv"), ferplus=None, merge=None)
    faces = read_faces_for(arguments, ("happy", "sad", "neutral", "angry", "fear"), {})
    assert len(faces) == 50
    assert capsys.readouterr().err == "left out: 20 faces of disgust, surprise: the model has no such class\n"
