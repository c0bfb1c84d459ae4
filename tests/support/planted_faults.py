"""A folder of real photographs of faces, and the defects that the tests plant in it."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from tests.support import MEDIA

from fer_edge.cameras.pictures import read_grey
from fer_edge.detection.haar import HaarDetector
from fer_edge.inference.crop import crop_face

PLACES = {
    "train/happy/a.png": "astronaut.png",
    "train/happy/b.png": "bryan.png",
    "train/happy/c.png": "luciano.png",
    "train/sad/d.png": "grace_hopper.bmp",
    "train/sad/e.png": "angry.jpg",
    "test/happy/f.png": "happy-baby.jpeg",
    "test/sad/g.png": "neutral.jpeg",
}
CLEAN = sorted(PLACES)


def photograph(name: str) -> NDArray[np.uint8]:
    """A face with what is around it, 200x200."""
    grey = read_grey(MEDIA / "faces" / name)
    return crop_face(grey, HaarDetector().detect(grey)[0], 0.4, 200)


def clean_folder(root: Path) -> Path:
    for place, name in PLACES.items():
        save(root / place, photograph(name))
    return root


def save(path: Path, picture: NDArray[np.uint8]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), picture)


def planted_folder(root: Path) -> Path:
    """The clean folder with one of each defect; the name of a file says which."""
    clean_folder(root)
    rng = np.random.default_rng(0)
    (root / "train/happy/leak.png").write_bytes((root / "test/happy/f.png").read_bytes())
    (root / "train/happy/copy.png").write_bytes((root / "train/happy/b.png").read_bytes())
    (root / "train/sad/contradiction.png").write_bytes((root / "train/happy/a.png").read_bytes())
    lighter = cv2.convertScaleAbs(photograph("grace_hopper.bmp"), alpha=0.8, beta=30)
    (root / "train/sad/near.jpg").write_bytes(cv2.imencode(".jpg", lighter, [cv2.IMWRITE_JPEG_QUALITY, 40])[1])
    save(root / "train/sad/flat.png", rng.integers(100, 104, (200, 200)).astype(np.uint8))
    other = cv2.flip(photograph("luciano.png"), 1)
    save(root / "train/happy/blurred.png", cv2.GaussianBlur(other, (0, 0), 12))
    save(root / "train/happy/tiny.png", cv2.resize(cv2.flip(photograph("bryan.png"), 1), (16, 16)))
    save(root / "test/sad/faceless.png", read_grey(MEDIA / "no_face.png"))
    whole = cv2.imencode(".jpg", photograph("angry.jpg"))[1].tobytes()
    (root / "train/sad/truncated.jpg").write_bytes(whole[: len(whole) // 2])
    (root / "test/sad/empty.png").write_bytes(b"")
    return root
