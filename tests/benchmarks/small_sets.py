"""The accuracy of models that are trained on few faces: by default, by flags, and by plain Keras.

usage: python tests/benchmarks/small_sets.py FER2013.csv OUT [--quick]

Trains on 50, 150, 500 and 2,000 faces of each of 2, 5 and 7 classes out of PublicTest of FER-2013, which the shipped
models have not been trained on, and evaluates on the rest of PublicTest. A class with fewer faces keeps MIN_TEST of
them, or half of them if that is fewer, for the evaluation, and is named. --quick takes 154 faces of two classes and 50
of five only. Compared are

- fer-train: `fer-train fit` with its defaults;
- flags: transfer with the flags in FLAGS, which the defaults must not fall behind;
- Keras: a small convolutional network trained on `image_dataset_from_directory`, as in the tutorials of Keras.

Prints a Markdown table with accuracies and seconds, and continues where it was interrupted.
"""

from __future__ import annotations

import argparse
import itertools
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from fer_data.data_source import DataSource
from fer_data.dataset import PUBLIC_TEST, FaceSet

CLASSES = (
    ("happy", "sad"),
    ("angry", "happy", "neutral", "sad", "surprise"),
    ("angry", "disgust", "fear", "happy", "neutral", "sad", "surprise"),
)
FACES = (50, 150, 500, 2000)  # of a class
QUICK = ((CLASSES[0], 154), (CLASSES[1], 50))  # classes, and faces of each
MIN_TEST = 100  # faces of a class to evaluate on
FLAGS = ("--weights", "base", "--batch", "16", "--learning-rate", "0.01", "--average", "0.9", "--epochs", "15")
KERAS_EPOCHS = 30
KERAS_BATCH = 16


def write_set(faces: FaceSet, classes: tuple[str, ...], count: int, out: Path) -> list[str]:
    """Write OUT/train/<class> and OUT/test/<class>; return a note on each class with fewer than `count` faces."""
    rng, notes = np.random.default_rng(1), []
    for name in classes:
        members = rng.permutation(np.flatnonzero(faces.labels == faces.classes.index(name)))
        training = min(count, len(members) - min(MIN_TEST, len(members) // 2))
        if training < count:
            notes.append(f"{name} {training}")
        for split, part in (("train", members[:training]), ("test", members[training:])):
            folder = out / split / name
            folder.mkdir(parents=True)
            for index in part:
                cv2.imwrite(str(folder / f"{index}.png"), faces.pixels[index])
    return notes


def run_fit(data: Path, out: Path, *flags: str) -> float:
    """The accuracy of a model of `fer-train fit` on the test split, on which it judges its model at the end."""
    fit = [sys.executable, "-m", "fer_train.cli", "fit", "--data", str(data), "--out", str(out), *flags]
    subprocess.run(fit, check=True, stdout=subprocess.DEVNULL)
    return float(json.loads((out / "metrics.json").read_text())["test"]["accuracy"])


def run_keras(data: Path) -> float:
    """The accuracy on the test split of a small network that is trained as in the tutorials of Keras."""
    import keras
    from keras import layers

    keras.utils.set_random_seed(1)
    options = {"image_size": (48, 48), "color_mode": "grayscale", "batch_size": KERAS_BATCH, "label_mode": "int"}
    training, test = (
        keras.utils.image_dataset_from_directory(data / split, seed=1, **options) for split in ("train", "test")
    )
    convolutions = [
        layer
        for filters in (32, 64, 128)
        for layer in (layers.Conv2D(filters, 3, activation="relu"), layers.MaxPooling2D())
    ]
    model = keras.Sequential(
        [
            keras.Input((48, 48, 1)),
            layers.Rescaling(1 / 255),
            layers.RandomFlip("horizontal"),
            layers.RandomRotation(0.05),
            *convolutions,
            layers.Flatten(),
            layers.Dropout(0.5),
            layers.Dense(len(training.class_names), activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(training, epochs=KERAS_EPOCHS, verbose=0)
    return float(model.evaluate(test, verbose=0)[1])


def measure(result: Path, train: Callable[[], float]) -> tuple[float, int]:
    """Accuracy and seconds of a training, kept in the file `result` and read from it the next time."""
    if not result.exists():
        started = time.monotonic()
        accuracy = train()
        result.write_text(json.dumps([accuracy, round(time.monotonic() - started)]))
    accuracy, seconds = json.loads(result.read_text())
    return accuracy, seconds


def main(data: Path, out: Path, *, quick: bool) -> None:
    """Print the table."""
    faces = DataSource(data).read().split(PUBLIC_TEST)
    print("| classes | faces of each | fer-train | flags | Keras | fewer faces |\n|---|---|---|---|---|---|")
    for classes, count in QUICK if quick else itertools.product(CLASSES, FACES):
        folder = out / f"{len(classes)}-{count}"
        shutil.rmtree(folder / "data", ignore_errors=True)
        notes = write_set(faces, classes, count, folder / "data")
        trainings: dict[str, Callable[[], float]] = {
            "default": lambda folder=folder: run_fit(folder / "data", folder / "default"),
            "flags": lambda folder=folder: run_fit(folder / "data", folder / "flags", *FLAGS),
            "keras": lambda folder=folder: run_keras(folder / "data"),
        }
        results = [measure(folder / f"{name}.json", train) for name, train in trainings.items()]
        cells = " | ".join(f"{100 * accuracy:.1f} % ({seconds} s)" for accuracy, seconds in results)
        print(f"| {len(classes)} | {count:,} | {cells} | {', '.join(notes) or '-'} |", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="fer2013.csv")
    parser.add_argument("out", type=Path, help="a folder for the sets, the runs and the results")
    parser.add_argument("--quick", action="store_true", help="two small sets only")
    arguments = parser.parse_args()
    main(arguments.data, arguments.out, quick=arguments.quick)
