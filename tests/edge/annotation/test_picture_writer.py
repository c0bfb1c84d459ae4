from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from tests.support.annotation import LABELS, annotate, left_side_share, tracked_face
from tests.support.media import MEDIA

from fer_edge.annotation.overlay import COLOURS
from fer_edge.annotation.writers import open_writer
from fer_edge.cameras.frame import Frame
from fer_edge.cameras.pictures import PICTURE_SUFFIXES
from fer_edge.geometry import Box

FACES = MEDIA / "faces"


def test_a_picture_is_annotated_in_colour(tmp_path: Path) -> None:
    out = tmp_path / "copy.png"
    code, _, events = annotate(FACES / "astronaut.png", out)
    assert code == 0
    copied, original = cv2.imread(str(out)), cv2.imread(str(FACES / "astronaut.png"))
    assert copied.shape == original.shape
    assert left_side_share(COLOURS[0], copied, events[0]["box"], tolerance=0) > 0.8
    assert left_side_share(COLOURS[0], original, events[0]["box"], tolerance=0) < 0.1
    changed = (copied != original).any(axis=-1).mean()
    assert 0 < changed < 0.1


@pytest.mark.parametrize("suffix", PICTURE_SUFFIXES)
def test_a_picture_is_written_in_every_format_that_is_read(tmp_path: Path, suffix: str) -> None:
    out = tmp_path / f"copy{suffix}"
    grey = cv2.imread(str(FACES / "luciano.png"), cv2.IMREAD_GRAYSCALE)
    writer = open_writer(str(FACES / "luciano.png"), out, LABELS)
    frame = Frame(np.asarray(grey, np.uint8), 0.0, 0, still=True)
    writer.write(frame, [tracked_face(1, Box(50, 50, 100, 100))])
    written = cv2.imread(str(out), cv2.IMREAD_GRAYSCALE)
    assert written.shape == grey.shape
    assert np.abs(written[75:125, 50].astype(int) - 172).max() < 20  # the first colour, in grey


def test_a_folder_is_copied_to_a_folder_with_each_readable_picture(tmp_path: Path) -> None:
    source, out = tmp_path / "in", tmp_path / "out"
    source.mkdir()
    for name in ("astronaut.png", "luciano.png"):
        (source / name).write_bytes((FACES / name).read_bytes())
    (source / "broken.png").write_bytes(b"no picture")
    code, err, _ = annotate(source, out)
    assert code == 1
    assert "broken.png" in err
    assert sorted(path.name for path in out.iterdir()) == ["astronaut.png", "luciano.png"]
    for path in out.iterdir():
        assert (cv2.imread(str(path)) != cv2.imread(str(source / path.name))).any()
