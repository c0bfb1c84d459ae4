"""The page of an inspection; contact_sheets is tested with it."""

from __future__ import annotations

import os
import re
from pathlib import Path

import cv2
import numpy as np
from tests.support.planted_defects import (
    write_defective_folder,
)

from fer_train.dataset_tools.inspection import inspect
from fer_train.dataset_tools.inspection_page import evenly_spaced, write_inspection


def write_page(data: Path, out: Path, *, detect_faces: bool = True) -> str:
    out.mkdir()
    write_inspection(inspect(data, detect_faces=detect_faces), data, out)
    return (out / "inspect.html").read_text()


def test_the_page_contains_every_plot_and_needs_no_other_file(tmp_path: Path) -> None:
    out = tmp_path / "out"
    page = write_page(write_defective_folder(tmp_path / "faces"), out)
    plots = {path.stem for path in out.glob("*.png")}
    assert plots == {
        *("balance", "samples", "sizes", "copies_across", "copies_within", "near_within", "contradictions"),
        *("flat", "blurred", "tiny", "faceless"),
    }
    assert page.count('<img src="data:image/png;base64,') == len(plots)
    assert not re.search(r"(src|href)=\"(?!data:|#)", page)
    assert "truncated.jpg" in page
    for path in out.glob("*.png"):
        plot = cv2.imread(str(path))
        assert len(np.unique(plot)) > 20, path


def test_names_with_markup_are_escaped_in_page_and_plots(tmp_path: Path) -> None:
    root = write_defective_folder(tmp_path / "faces")
    (root / "train/sad/flat.png").rename(root / "train/sad/$\\frac{<b>&.png")
    (root / "train/sad/truncated.jpg").rename(root / "train/sad/<script>.jpg")
    (root / "train/happy/tiny.png").rename(root / "train/happy" / os.fsdecode(b"M\xfcller\n.png"))
    assert "<script>" not in write_page(root, tmp_path / "out", detect_faces=False)


def test_items_are_chosen_evenly_over_all() -> None:
    assert evenly_spaced(range(100), 5) == [0, 24, 49, 74, 99]
    assert evenly_spaced("ab", 5) == ["a", "b"]
