"""fer-train inspect: counts, plots and the page."""

from __future__ import annotations

import json
import re
from pathlib import Path

import cv2
import numpy as np
import pytest
from tests.support import patterns, run_here, write_csv
from tests.support.planted_faults import planted_folder
from tests.support.refusals import assert_refused

from fer_train.cli import main


def fer_train(*arguments: object) -> int:
    return main([str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def inspected(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("inspected")
    assert fer_train("inspect", planted_folder(folder / "faces"), "--out", folder / "out") == 0
    return folder / "out"


def test_the_findings_are_counted_and_named(inspected: Path) -> None:
    found = json.loads((inspected / "inspect.json").read_text())
    assert found["faces"] == 15
    assert found["splits"] == {"Training": {"happy": 7, "sad": 5}, "test": {"happy": 1, "sad": 2}}
    assert found["sizes"] == {"200x200": 13, "16x16": 1, "512x512": 1}
    assert found["copies"]["by_split"]["test"] == {"Training": 1, "test": 0}
    assert found["copies"]["by_split"]["Training"] == {"Training": 4, "test": 1}
    assert found["near_copies"]["by_split"]["Training"] == {"Training": 2, "test": 0}
    labels = {Path(name).stem: label for name, label in found["contradictions"]["names"][0].items()}
    assert labels == {"a": "happy", "contradiction": "sad"}
    assert found["flat"] == {"faces": 1, "names": ["train/sad/flat.png"]}
    assert "test/sad/faceless.png" in found["faceless"]["names"]
    assert found["damaged"]["pictures"] == 2


def test_the_page_shows_every_plot_and_needs_no_other_file(inspected: Path) -> None:
    page = (inspected / "inspect.html").read_text()
    plots = {path.stem for path in inspected.glob("*.png")}
    assert plots == {
        *("balance", "samples", "sizes", "copies_across", "copies_within", "near_within", "contradictions"),
        *("flat", "blurred", "tiny", "faceless"),
    }
    assert page.count('<img src="data:image/png;base64,') == len(plots)
    assert not re.search(r"(src|href)=\"(?!data:|#)", page)
    assert "truncated.jpg" in page
    for path in inspected.glob("*.png"):
        plot = cv2.imread(str(path))
        assert len(np.unique(plot)) > 20, path


def test_a_csv_is_inspected_and_said_in_a_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    faces = patterns(70)
    faces.pixels[3] = faces.pixels[14]  # a face of PublicTest that is in Training too, under another label
    data = write_csv(faces, tmp_path / "faces.csv")
    assert fer_train("inspect", data, "--out", tmp_path / "out", "--no-faces") == 0
    table = capsys.readouterr().out
    assert re.search(r"^Training +53 faces$", table, re.MULTILINE)
    assert re.search(r"^exact copies across splits +1 of PublicTest have one in Training$", table, re.MULTILINE)
    assert re.search(r"^contradicting +1 groups", table, re.MULTILINE)
    assert "faceless" not in table


def test_json_on_stdout_is_what_the_file_has(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = write_csv(patterns(28), tmp_path / "faces.csv")
    assert fer_train("inspect", data, "--out", tmp_path / "out", "--no-faces", "--json") == 0
    assert json.loads(capsys.readouterr().out) == json.loads((tmp_path / "out" / "inspect.json").read_text())


def test_names_that_a_page_or_a_plot_would_take_for_markup_are_shown_as_they_are(tmp_path: Path) -> None:
    root = planted_folder(tmp_path / "faces")
    (root / "train/sad/flat.png").rename(root / "train/sad/$\\frac{<b>&.png")
    (root / "train/sad/truncated.jpg").rename(root / "train/sad/<script>.jpg")
    assert fer_train("inspect", root, "--out", tmp_path / "out", "--no-faces") == 0
    assert "<script>" not in (tmp_path / "out" / "inspect.html").read_text()


@pytest.mark.parametrize(
    ("arguments", "complaint"),
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
def test_bad_input_is_one_line_and_exit_2(tmp_path: Path, arguments: str, complaint: str) -> None:
    planted_folder(tmp_path / "faces")
    (tmp_path / "bare").mkdir()
    (tmp_path / "hollow" / "happy").mkdir(parents=True)
    (tmp_path / "text.csv").write_text("a,b\n1,2\n")
    assert_refused(
        run_here("fer_train", "inspect", *arguments.format(tmp_path).split(), "--no-faces"), "fer-train", complaint
    )
    assert not (tmp_path / "out").exists()
