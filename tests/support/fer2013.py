"""Data sets on disk, as small as a test needs them."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

FACE = " ".join(["7"] * 48 * 48)  # the pixels of a face in a row of fer2013.csv
VOTES_HEADER = "Usage,Image name,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF\n"


def write_picture(path: Path, value: int, size: tuple[int, int] = (60, 48)) -> None:
    """Write a picture of a diagonal gradient that begins with the grey value `value`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    grey = np.add.outer(np.arange(size[0]), np.arange(size[1])) % 50 + value
    assert cv2.imwrite(str(path), grey.astype(np.uint8))


def write_voted_csv(folder: Path, *votes: str) -> tuple[Path, Path]:
    """Write fer2013.csv with a happy face for each row of votes, and fer2013new.csv."""
    (folder / "fer2013.csv").write_text("emotion,pixels,Usage\n" + f"3,{FACE},Training\n" * len(votes))
    (folder / "fer2013new.csv").write_text(VOTES_HEADER + "".join(f"Training,fer.png,{row}\n" for row in votes))
    return folder / "fer2013.csv", folder / "fer2013new.csv"
