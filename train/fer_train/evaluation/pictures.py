"""What a model predicts for pictures: photographs, in which faces are detected as on the device, or cropped faces."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_data.classifiers import Classifier, resized
from fer_data.dataset import SIDE
from fer_data.formatting import printable
from fer_edge.cameras.pictures import PictureError, is_picture, read_grey
from fer_edge.config.model import PipelineOptions
from fer_edge.detection.base import Detectors
from fer_edge.detection.still_detector import StillDetector
from fer_edge.errors import UsageError
from fer_edge.geometry import Box
from fer_edge.inference.crop import crop_face
from fer_edge.progress import bar
from fer_train.dataset_tools.contact_sheets import draw_grid

MAX_CROP_SIDE = 64  # pixels; a picture that is no larger is a cropped face
SHEET_COLUMNS = 10
MAX_ON_SHEET = 400
MAX_CAPTION = 17  # characters of a line


@dataclass(frozen=True)
class Picture:
    """A picture and the faces in it.

    Attributes:
        path: Its file.
        crops: The faces, uint8 [side,side] as the model takes them, the largest first.
        thumbnail: The whole picture, uint8 [side,side], or None if it cannot be read.
        problem: Why it cannot be read.
    """

    path: Path
    crops: tuple[NDArray[np.uint8], ...] = ()
    thumbnail: NDArray[np.uint8] | None = None
    problem: str | None = None


@dataclass(frozen=True)
class PicturePrediction:
    """A picture with the probabilities of its faces, float32 [classes] each, in the order of `picture.crops`."""

    picture: Picture
    faces: tuple[NDArray[np.float32], ...]

    def as_json(self, labels: Sequence[str]) -> dict[str, Any]:
        """The file, and the class and the scores of each face."""
        faces = [
            {"class": labels[int(scores.argmax())], "scores": dict(zip(labels, map(float, scores), strict=True))}
            for scores in self.faces
        ]
        return {"file": str(self.picture.path), "faces": faces, "problem": self.picture.problem}


def find_pictures(paths: Iterable[Path]) -> list[Path]:
    """The files, and every picture below the folders, sorted by name. Raises UsageError when there is nothing."""
    found: list[Path] = []
    for path in paths:
        if not path.exists():
            raise UsageError(f"{path}: no such file or folder")
        pictures = sorted(filter(is_picture, path.rglob("*"))) if path.is_dir() else [path]
        if not pictures:
            raise UsageError(f"{path}: no pictures in this folder")
        found += pictures
    return found


def predict(
    classifier: Classifier, paths: Sequence[Path], detectors: Detectors, *, cropped: bool = False
) -> list[PicturePrediction]:
    """Classify the faces in pictures; with `cropped`, each picture is one face, as is any of up to MAX_CROP_SIDE."""
    detector = StillDetector(PipelineOptions().min_face, detectors)
    pictures = [_read(path, classifier, detector, detectors, cropped) for path in bar(paths, "faces", "picture")]
    crops = [crop for picture in pictures for crop in picture.crops]
    predicted = iter(_classify_both_views(classifier, np.array(crops)) if crops else ())
    return [PicturePrediction(picture, tuple(next(predicted) for _ in picture.crops)) for picture in pictures]


def _classify_both_views(classifier: Classifier, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The mean probabilities of each crop and its mirror image, as of a still picture on the device."""
    return (classifier.classify(crops) + classifier.classify(crops[:, :, ::-1])) / 2


def _read(path: Path, classifier: Classifier, detector: StillDetector, detectors: Detectors, cropped: bool) -> Picture:
    try:
        grey = read_grey(path)
    except PictureError as error:
        return Picture(path, problem=error.cause)
    height, width = grey.shape
    side = classifier.side
    whole = crop_face(grey, Box(0, 0, width, height), 0.0, side)
    if cropped or max(height, width) <= MAX_CROP_SIDE:
        return Picture(path, (whole,))
    contrast = detectors.contrast_stretch()
    faces = detector.detect(grey, contrast)
    crops = [crop_face(grey, face.box, classifier.crop_margin, side, face.angle or 0.0, contrast) for face in faces]
    return Picture(path, tuple(crops), whole)


def rows(predictions: Iterable[PicturePrediction], labels: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """A row for each face: its file, its number if there are several, its class, the scores of all classes in %."""
    for prediction in predictions:
        name, faces = str(prediction.picture.path), prediction.faces
        if not faces:
            yield (name, prediction.picture.problem or "no face found", *("" for _ in labels))
        for number, scores in enumerate(faces, 1):
            which = f" ({number} of {len(faces)})" if len(faces) > 1 else ""
            yield (f"{name}{which}", labels[int(scores.argmax())], *(f"{100 * score:.1f}" for score in scores))


def draw_sheet(predictions: Iterable[PicturePrediction], labels: Sequence[str], out: Path) -> None:
    """Write a sheet of the first MAX_ON_SHEET faces with their file and class, and of the pictures without a face."""
    tiles: list[NDArray[np.uint8]] = []
    captions: list[str] = []
    for prediction in predictions:
        picture = prediction.picture
        name = _shortened(printable(picture.path.name))
        if not prediction.faces and picture.thumbnail is not None:
            tiles.append(picture.thumbnail)
            captions.append(f"{name}\nno face found")
        for crop, scores in zip(picture.crops, prediction.faces, strict=True):
            tiles.append(crop)
            captions.append(f"{name}\n{_shortened(labels[int(scores.argmax())], 11)} {100 * scores.max():.0f} %")
    if tiles:
        draw_grid([*resized(np.array(tiles[:MAX_ON_SHEET]), SIDE)], captions[:MAX_ON_SHEET], out, SHEET_COLUMNS)


def _shortened(text: str, length: int = MAX_CAPTION) -> str:
    """Text that fits a caption: file names often differ at their ends, so the middle is left out."""
    half = length // 2
    return text if len(text) <= length else f"{text[:half]}…{text[half - length + 1 :]}"
