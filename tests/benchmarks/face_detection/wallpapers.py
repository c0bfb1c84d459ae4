"""Pictures without a face that others have made: the wallpapers of Debian's packages.

Of each wallpaper the largest landscape picture is used. SVGs, screenshots and uniform pictures are left out.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

CACHE = Path(__file__).parents[3] / "build" / "wallpapers"
PACKAGES = ("gnome-backgrounds", "plasma-workspace-wallpapers", "sway-backgrounds")
SUFFIXES = (".jpg", ".png", ".webp")
# The wooden slats are rendered like a photograph.
PHOTOGRAPHS = {
    "BytheWater", "ColdRipple", "ColorfulCups", "DarkestHour", "EveningGlow", "FallenLeaf", "Grey", "Kite",
    "OneStandsOut", "Path", "summer_1am", "wood-d", "wood-l",
}  # fmt: skip
FIGURES = {"Autumn", "FlyingKonqui", "SafeLanding"}  # drawings of a girl, a dragon with a face, and astronauts
UNIFORM = {"symbolic-d", "symbolic-l", "vnc-d", "vnc-l"}  # hardly anything but one grey
PHOTOGRAPH, DRAWING, FIGURE = KINDS = ("photograph", "drawing", "figure")


@dataclass(frozen=True)
class Wallpaper:
    """A picture without a face.

    Attributes:
        name: Of the wallpaper.
        kind: one of `KINDS`.
        path: Its file.
    """

    name: str
    kind: str
    path: Path

    def read(self) -> NDArray[np.uint8]:
        """The picture, uint8 [H,W]."""
        return np.asarray(cv2.imread(str(self.path), cv2.IMREAD_GRAYSCALE), np.uint8)


def fetch(cache: Path = CACHE) -> None:
    """Unpack the packages that are missing in `cache`. Ends the program if they cannot be downloaded."""
    for package in PACKAGES:
        if (cache / package).exists():
            continue
        scratch = cache / "download"
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir(parents=True)
        try:
            _run("apt-get", "--quiet=2", "download", package, folder=scratch)
            _run("dpkg", "-x", next(scratch.glob("*.deb")).name, "unpacked", folder=scratch)
        except OSError as error:
            sys.exit(f"{package}: not downloaded, which needs Debian's apt-get and dpkg: {error.strerror}")
        except subprocess.CalledProcessError as error:
            reason = " ".join(error.stderr.rpartition("E: ")[2].split())
            sys.exit(f"{package}: not downloaded, which needs Debian's package lists and a network: {reason}")
        (scratch / "unpacked").rename(cache / package)
        shutil.rmtree(scratch)


def _run(*command: str, folder: Path) -> None:
    subprocess.run(command, cwd=folder, check=True, stderr=subprocess.PIPE, text=True)


def wallpapers(cache: Path = CACHE) -> list[Wallpaper]:
    """The wallpapers in unpacked packages, by their name."""
    best: dict[str, tuple[int, Path]] = {}
    for path in sorted(cache.glob("*/usr/share/*/**/*")):
        if path.suffix not in SUFFIXES or path.stem == "screenshot":
            continue
        size = re.search(r"(\d+)x(\d+)", path.stem)
        width, height = (int(side) for side in size.groups()) if size else (1, 1)
        if "Portrait" in path.stem or height > width:
            continue
        name = _name(path)
        if width > best.get(name, (0, path))[0]:
            best[name] = width, path
    return [Wallpaper(name, _kind(name), best[name][1]) for name in sorted(best) if name not in UNIFORM]


def _name(path: Path) -> str:
    """Of the wallpaper: plasma has a folder for each, with another one for its dark version."""
    if "contents" in path.parts:
        folder = path.parts[path.parts.index("contents") - 1]
        return folder + path.parent.name.removeprefix("images")
    return re.sub(r"_\d+x\d+$", "", path.stem)


def _kind(name: str) -> str:
    return PHOTOGRAPH if name in PHOTOGRAPHS else FIGURE if name in FIGURES else DRAWING
