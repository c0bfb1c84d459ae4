"""fer-train inspect, as a user runs it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from tests.support.planted_defects import write_clean_folder
from tests.support.processes import run_in_process
from tests.support.refusals import assert_refused
from tests.support.synthetic_faces import striped_faces, write_csv


def test_the_findings_on_a_csv_are_printed_as_a_table(tmp_path: Path) -> None:
    faces = striped_faces(70)
    faces.pixels[3] = faces.pixels[14]  # a face of PublicTest that is also in Training, with another label
    data = write_csv(faces, tmp_path / "faces.csv")
    done = run_in_process("fer_train", "inspect", data, "--out", tmp_path / "out", "--no-faces")
    assert done.code == 0, done.err
    assert re.search(r"^Training +53 faces: angry 7, ", done.out, re.MULTILINE)
    assert re.search(r"^exact copies across splits +1 of PublicTest have one in Training$", done.out, re.MULTILINE)
    assert re.search(r"^contradicting +1 group", done.out, re.MULTILINE)
    assert "faceless" not in done.out


def test_json_on_stdout_is_the_content_of_the_file(tmp_path: Path) -> None:
    data = write_csv(striped_faces(28), tmp_path / "faces.csv")
    done = run_in_process("fer_train", "inspect", data, "--out", tmp_path / "out", "--no-faces", "--json")
    assert done.code == 0, done.err
    assert json.loads(done.out) == json.loads((tmp_path / "out" / "inspect.json").read_text())


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ("{0}/nosuch --out {0}/out", "nosuch: No such file"),
        ("{0}/bare --out {0}/out", "bare: no folders in it"),
        ("{0}/hollow --out {0}/out", "hollow: no pictures in its folders"),
        ("{0}/text.csv --out {0}/out", "text.csv: no column"),
        ("{0}/faces --out {0}/faces/out", "lies in"),
        ("{0}/faces --out {0}/text.csv", "is a file"),
        ("{0}/faces --out {0}/faces", "is the data itself"),
        ("{0}/faces --out /proc/out", "--out /proc/out: "),
        ("{0}/faces --ferplus {0}/text.csv --out {0}/out", "votes go with the rows"),
    ],
)
def test_invalid_input_is_reported_in_one_line_with_exit_code_2(tmp_path: Path, flags: str, message: str) -> None:
    write_clean_folder(tmp_path / "faces")
    (tmp_path / "bare").mkdir()
    (tmp_path / "hollow" / "happy").mkdir(parents=True)
    (tmp_path / "text.csv").write_text("a,b\n1,2\n")
    done = run_in_process("fer_train", "inspect", *flags.format(tmp_path).split(), "--no-faces")
    assert_refused(done, "fer-train", message)
    assert not (tmp_path / "out").exists()
