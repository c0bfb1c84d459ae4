"""The accuracy of the shipped models by pose, light, blur and size of the face, as a Markdown table.

usage: python -m tests.benchmarks.robustness FER2013.csv [--quick]

The faces of PublicTest are changed as the first column says and classified as on the device, which stretches the
contrast of dark pictures. How far a head is turned to the side is what the face network estimates on the enlarged
picture; those rows are of different faces, all others of all. --quick takes the first 500 faces.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from tests.benchmarks.face_detection.accuracy import turned_picture
from tests.benchmarks.face_detection.methods import open_network, whole_square

from fer_data.data_source import DataSource
from fer_data.dataset import PUBLIC_TEST
from fer_edge.config.model import SHIPPED, parse_model
from fer_edge.detection.base import MAX_YAW
from fer_edge.detection.contrast import ContrastStretch
from fer_edge.detection.pyramid import Pyramid
from fer_edge.inference.classifier import EmotionClassifier
from fer_edge.inference.loader import open_engine
from fer_edge.inference.model_file import read_model

QUICK = 500  # faces
YAWS = (0.0, 15.0, 30.0, MAX_YAW, 90.0)  # degrees, limits of the rows
MIN_SCORE = 0.5  # of the face network
SENSOR_NOISE = 2.0  # standard deviation in a dark picture, grey levels

Pixels = NDArray[np.uint8]
Change = Callable[[Pixels], Pixels]


class Row(NamedTuple):
    """A row of the table: what is done to the faces, and which of them it takes."""

    name: str
    faces: Pixels
    labels: NDArray[np.int64]


def turned(degrees: float) -> Change:
    """Turned in the plane of the picture. The device turns its crops upright, which is left out here."""
    matrix = cv2.getRotationMatrix2D((23.5, 23.5), -degrees, 1.0)
    return lambda face: np.asarray(cv2.warpAffine(face, matrix, (48, 48), borderMode=cv2.BORDER_REPLICATE), np.uint8)


def lit(share: float) -> Change:
    """With a share of the light, the noise of a sensor, and the contrast stretched as on the device."""
    noise = np.random.default_rng(1)

    def change(face: Pixels) -> Pixels:
        dark = (share * face + noise.normal(0, SENSOR_NOISE, face.shape)).clip(0, 255).round().astype(np.uint8)
        contrast = ContrastStretch()
        contrast.update(dark, 0.0)
        return contrast.apply(dark)

    return change


def lit_from_the_side(face: Pixels) -> Pixels:
    """With a tenth of the light on the other side of the face."""
    return (face * np.linspace(1.0, 0.1, face.shape[1])).round().astype(np.uint8)


def blurred(sigma: float) -> Change:
    """Blurred by a Gaussian, pixels of 48."""
    return lambda face: np.asarray(cv2.GaussianBlur(face, (0, 0), sigma), np.uint8)


def sized(side: int) -> Change:
    """As wide as this in the camera's picture, pixels, and enlarged to 48."""

    def change(face: Pixels) -> Pixels:
        small = cv2.resize(face, (side, side), interpolation=cv2.INTER_AREA)
        return np.asarray(cv2.resize(small, (48, 48), interpolation=cv2.INTER_LINEAR), np.uint8)

    return change


CHANGES: dict[str, Change] = {
    "as they are": lambda face: face,
    **{f"turned by {angle} degrees, not aligned": turned(angle) for angle in (10, 20, 30)},
    **{f"{name} of the light": lit(share) for name, share in (("a quarter", 0.25), ("a tenth", 0.1))},
    "light from the side": lit_from_the_side,
    **{f"blur of {sigma} pixels in 48": blurred(sigma) for sigma in (1, 2, 3)},
    **{f"{side} pixels wide": sized(side) for side in (32, 24, 16, 12)},
}


def estimate_yaw(face: Pixels) -> float:
    """How far a head is turned to either side, degrees; NaN if the face network finds no face."""
    picture = turned_picture(face, 0.0)
    found = open_network().detect(Pyramid(picture), whole_square(picture), MIN_SCORE)
    return abs(found[0].yaw) if found else float("nan")


def rows(faces: Pixels, labels: NDArray[np.int64]) -> Iterator[Row]:
    """The rows of the table."""
    for name, change in CHANGES.items():
        yield Row(name, np.stack([change(face) for face in faces]), labels)
    yaws = np.array([estimate_yaw(face) for face in faces])
    for low, high in pairwise(YAWS):
        chosen = (yaws >= low) & (yaws < high)
        yield Row(f"head turned to the side by {low:g} to {high:g} degrees", faces[chosen], labels[chosen])
    yield Row("no face for the face network", faces[np.isnan(yaws)], labels[np.isnan(yaws)])


def main(data: Path, *, quick: bool) -> None:
    """Print the table."""
    models = [read_model(parse_model(name)) for name in reversed(SHIPPED)]
    classifiers = [EmotionClassifier(model, open_engine(model)) for model in models]
    split = DataSource(data).read().choose(models[0].labels).split(PUBLIC_TEST)
    count = QUICK if quick else len(split)
    print("| | faces |", *(f"{model.name}, one view | two |" for model in models))
    print("|---|---|" + "---|---|" * len(models))
    for row in rows(split.pixels[:count], split.labels[:count]):
        cells = [f"{len(row.faces):,}"]
        for classifier in classifiers:
            face, mirrored = (classifier.classify(views) for views in (row.faces, row.faces[:, :, ::-1]))
            for probabilities in (face, face + mirrored):
                right = float((probabilities.argmax(axis=1) == row.labels).mean()) if len(row.faces) else 0.0
                cells.append(f"{100 * right:.1f} %")
        print(f"| {row.name} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="fer2013.csv")
    parser.add_argument("--quick", action="store_true", help="the first 500 faces only")
    arguments = parser.parse_args()
    main(arguments.data, quick=arguments.quick)
