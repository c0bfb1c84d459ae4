"""Data sets with defects that a test has planted, and what cleaning makes of them."""

from __future__ import annotations

import csv
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from tests.support.media import MEDIA
from tests.support.synthetic_faces import striped_faces

from fer_data.dataset import FaceSet
from fer_edge.cameras.pictures import read_grey
from fer_edge.detection.haar import HaarDetector
from fer_edge.inference.crop import crop_face

PHOTOGRAPHS = {
    "train/happy/a.png": "astronaut.png",
    "train/happy/b.png": "bryan.png",
    "train/happy/c.png": "luciano.png",
    "train/sad/d.png": "grace_hopper.bmp",
    "train/sad/e.png": "angry.jpg",
    "test/happy/f.png": "happy-baby.jpeg",
    "test/sad/g.png": "neutral.jpeg",
}


def photograph(name: str) -> NDArray[np.uint8]:
    """A face of tests/media/faces with its surroundings, 200x200."""
    grey = read_grey(MEDIA / "faces" / name)
    return crop_face(grey, HaarDetector().detect(grey)[0], 0.4, 200)


def write_clean_folder(root: Path) -> Path:
    """Write a data set of photographs without defects."""
    for place, name in PHOTOGRAPHS.items():
        write_grey(root / place, photograph(name))
    return root


def write_grey(path: Path, picture: NDArray[np.uint8]) -> None:
    """Write a picture, uint8 [H,W], and its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), picture)


def write_defective_folder(root: Path) -> Path:
    """Write the clean folder and one picture with each defect, which its file name tells."""
    write_clean_folder(root)
    rng = np.random.default_rng(0)
    (root / "train/happy/leak.png").write_bytes((root / "test/happy/f.png").read_bytes())
    (root / "train/happy/copy.png").write_bytes((root / "train/happy/b.png").read_bytes())
    (root / "train/sad/contradiction.png").write_bytes((root / "train/happy/a.png").read_bytes())
    lighter = cv2.convertScaleAbs(photograph("grace_hopper.bmp"), alpha=0.8, beta=30)
    (root / "train/sad/near.jpg").write_bytes(cv2.imencode(".jpg", lighter, [cv2.IMWRITE_JPEG_QUALITY, 40])[1])
    write_grey(root / "train/sad/flat.png", rng.integers(100, 104, (200, 200)).astype(np.uint8))
    other = cv2.flip(photograph("luciano.png"), 1)
    write_grey(root / "train/happy/blurred.png", cv2.GaussianBlur(other, (0, 0), 12))
    write_grey(root / "train/happy/tiny.png", cv2.resize(cv2.flip(photograph("bryan.png"), 1), (16, 16)))
    write_grey(root / "test/sad/faceless.png", read_grey(MEDIA / "no_face.png"))
    complete = cv2.imencode(".jpg", photograph("angry.jpg"))[1].tobytes()
    (root / "train/sad/truncated.jpg").write_bytes(complete[: len(complete) // 2])
    (root / "test/sad/empty.png").write_bytes(b"")
    return root


def defective_faces(count: int = 84) -> FaceSet:
    """Synthetic faces: line 3 flat, line 10 a copy of line 17, line 4 contradicts line 12, line 15 leaks line 8."""
    faces = striped_faces(count)
    faces.splits[:] = "Training"
    faces.splits[[6, count - 1]] = "PublicTest"
    faces.pixels[1] = 90
    faces.pixels[15] = faces.pixels[8]
    faces.pixels[2] = faces.pixels[10]
    faces.pixels[13] = faces.pixels[6]
    return faces


def read_tree(root: Path) -> dict[str, bytes]:
    """The content of every file under a folder, by its relative path."""
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def read_rejected(out: Path) -> dict[str, tuple[str, str]]:
    """The rows of rejected.csv: by the stem of the name, the reason and the stem of the original."""
    with (out / "rejected.csv").open(newline="") as file:
        return {Path(row["name"]).stem: (row["reason"], Path(row["copy of"]).stem) for row in csv.DictReader(file)}
