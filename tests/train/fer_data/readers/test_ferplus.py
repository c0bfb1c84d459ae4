"""The votes of FER+."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.support.fer2013 import write_voted_csv

from fer_data.readers import read_faces
from fer_data.readers.fer2013 import FER2013_CLASSES
from fer_data.readers.ferplus import AS_HINTS, FERPLUS_CLASSES
from fer_edge.errors import DataError


def test_votes_become_the_labels(tmp_path: Path) -> None:
    rows = ["0,8,2,0,0,0,0,0,0,0", "1,0,0,0,6,0,0,3,0,0", "0,2,0,0,0,0,0,0,6,2", "1,1,0,0,0,0,0,0,0,8"]
    read = read_faces(*write_voted_csv(tmp_path, *rows))
    assert read.classes == FERPLUS_CLASSES
    assert read.names.tolist() == ["line 2", "line 3"], "most saw no expression they know, or no face, in the others"
    assert [read.classes[label] for label in read.labels] == ["happy", "angry"]
    assert read.votes is not None
    assert np.allclose(read.votes[0], [0, 0.8, 0.2, 0, 0, 0, 0, 0])
    assert np.allclose(read.votes[1], [0, 0, 0, 0, 6 / 9, 0, 0, 3 / 9]), "a single vote does not count"


def test_votes_as_hints_are_kept_beside_the_labels_of_every_row(tmp_path: Path) -> None:
    data, ferplus = write_voted_csv(tmp_path, "0,8,2,0,0,0,0,0,0,0", "0,0,0,0,0,0,0,0,0,10")
    read = read_faces(data, ferplus, AS_HINTS)
    assert (read.classes, read.labels.tolist(), read.votes) == (FER2013_CLASSES, [3, 3], None)
    assert read.hints is not None
    assert np.allclose(read.hints, [[0, 0.8, 0.2, 0, 0, 0, 0, 0, 0, 0], [0] * 9 + [1]])


def test_votes_that_do_not_match_the_rows_are_refused(tmp_path: Path) -> None:
    data, ferplus = write_voted_csv(tmp_path, "0,8,2,0,0,0,0,0,0,0", "0,0,0,0,0,0,0,0,0,10")
    lines = ferplus.read_text().splitlines(keepends=True)
    for text, message in (
        ("".join(lines[:2]), "row 2 is Training, the votes have nothing"),
        ("".join([*lines, lines[-1]]), "has 2 rows and the votes have 3"),
        ("".join(lines).replace("Training", "PublicTest"), "row 1 is Training, the votes have PublicTest"),
        ("".join(lines).replace("8,2", "8,many"), "line 2: votes are numbers"),
        ("".join(lines).replace("contempt", "scorn"), "no column contempt"),
    ):
        ferplus.write_text(text)
        with pytest.raises(DataError, match=message):
            read_faces(data, ferplus)
    with pytest.raises(DataError, match="is a folder"):
        read_faces(tmp_path, ferplus)
