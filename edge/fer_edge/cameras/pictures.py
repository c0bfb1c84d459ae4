"""Which files are pictures."""

from __future__ import annotations

from pathlib import Path

PICTURE_SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff", ".pgm")


def pictures_in(folder: Path) -> list[Path]:
    """The pictures of a folder, by their endings, in the order of their names."""
    return sorted(entry for entry in folder.iterdir() if entry.suffix.lower() in PICTURE_SUFFIXES)
