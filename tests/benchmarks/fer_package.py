"""fer-edge beside the `fer` package: CPU time of a frame, and accuracy on FER-2013's PublicTest.

usage: python tests/benchmarks/fer_package.py --venv FOLDER [--csv fer2013.csv]

`fer` wants libraries that are not ours, so it lives in the environment FOLDER, which is made when it is not there. Both
are shown the same 640x480 frames in colour, already decoded, and run on one core; every frame is timed by the CPU time
of the process, and the median and the mean are told. fer's ways are its own defaults. Prints a table in Markdown.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

MEDIA = Path(__file__).parents[1] / "media"
WIDTH, HEIGHT = 640, 480
LONGEST = 100  # frames of a clip
HELD = 10  # frames that a picture stays
VERSION = "25.10.3"
# Without its dependencies: facenet-pytorch brings all of PyTorch for a detector that is not used here.
# pkg_resources, which fer imports, left setuptools with version 82.
NEEDED = ("setuptools<81", "tensorflow<2.22", "opencv-python-headless==4.10.0.84", "pandas", "requests", "tqdm")
ALSO = ("moviepy<2", "ffmpeg-python", "pillow", "matplotlib")

Rows = dict[str, dict[str, float]]
Emotions = Callable[[NDArray[np.uint8]], Any]


def main() -> None:
    """Measure both and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--venv", type=Path, required=True, metavar="FOLDER", help="the environment of fer")
    parser.add_argument("--csv", type=Path, help="fer2013.csv, for the accuracy")
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        print(json.dumps(measure_fer(np.load(arguments.child))))
        return
    python = environment(arguments.venv)
    with tempfile.TemporaryDirectory() as folder:
        shown = Path(folder) / "shown.npz"
        save_shown(shown, arguments.csv)
        told = subprocess.run(
            [python, __file__, "--venv", arguments.venv, "--child", shown],
            check=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={key: value for key, value in os.environ.items() if key != "PYTHONPATH"},
        )
        rows = {**measure_ours(np.load(shown)), **json.loads(told.stdout.splitlines()[-1])}
    print_table(rows)


def environment(folder: Path) -> Path:
    """The Python of an environment with fer in it."""
    python = folder.absolute() / "bin" / "python"
    if not python.exists():
        venv.create(folder, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *NEEDED, *ALSO], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", "--no-deps", f"fer=={VERSION}"], check=True)
    return python


def save_shown(path: Path, csv: Path | None) -> None:
    """What both are shown: frames, uint8 [N,480,640,3], and the faces of PublicTest with their labels."""
    from fer_data.data_source import DataSource

    pictures = [cv2.imread(str(entry)) for entry in sorted((MEDIA / "faces").iterdir())]
    frames = [fitted(picture) for picture in pictures for _ in range(HELD)]
    for clip in sorted(MEDIA.glob("*.mp4")):
        capture = cv2.VideoCapture(str(clip))
        while (step := capture.read())[0] and capture.get(cv2.CAP_PROP_POS_FRAMES) <= LONGEST:
            frames.append(fitted(step[1]))
    faces = DataSource(csv).read().split("PublicTest") if csv else None
    pixels, labels = (faces.pixels, faces.labels) if faces else (np.zeros((0, 48, 48), np.uint8), np.zeros(0, int))
    np.savez(path, frames=np.stack(frames), pixels=pixels, labels=labels)


def fitted(picture: Any) -> NDArray[np.uint8]:
    """The picture, in its own proportions, in the middle of a grey frame."""
    scale = min(WIDTH / picture.shape[1], HEIGHT / picture.shape[0])
    small = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    frame = np.full((HEIGHT, WIDTH, 3), 128, np.uint8)
    top, left = (HEIGHT - small.shape[0]) // 2, (WIDTH - small.shape[1]) // 2
    frame[top : top + small.shape[0], left : left + small.shape[1]] = small
    return frame


def on_one_core() -> None:
    """From here on this process runs on one core, in one thread."""
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    cv2.setNumThreads(1)


def row(shown: Any, look: Callable[[NDArray[np.uint8]], Any], accuracy: float) -> dict[str, float]:
    """CPU time of `look`, milliseconds a frame; accuracy in per cent, not a number without faces."""
    costs = []
    for number, frame in enumerate([*shown["frames"][:5], *shown["frames"]]):
        start = time.process_time()
        look(frame)
        if number >= 5:  # the first ones warm up
            costs.append(1000 * (time.process_time() - start))
    return {"median": float(np.median(costs)), "mean": float(np.mean(costs)), "accuracy": accuracy}


def accuracy_of(classify: Emotions, pixels: NDArray[np.uint8], labels: NDArray[Any]) -> float:
    """Per cent of the faces, uint8 [N,48,48], whose likeliest emotion is their label."""
    if not len(labels):
        return float("nan")
    parts = [np.asarray(classify(pixels[at : at + 64])).argmax(axis=1) for at in range(0, len(labels), 64)]
    return 100 * float((np.concatenate(parts) == labels).mean())


def measure_fer(shown: Any) -> Rows:
    """The rows of fer; runs in its environment."""
    on_one_core()
    from fer.fer import FER  # type: ignore[import-not-found]

    rows = {}
    for way, lite in (("TFLite, its default", True), ("Keras", False)):
        detector = FER(mtcnn=False, use_tflite=lite)

        def classify(faces: NDArray[np.uint8], detector: Any = detector) -> Any:
            """As detect_emotions does with what it has cut out."""
            large = np.array([cv2.resize(face, (64, 64)) for face in faces], np.float32)
            return detector._classify_emotions((large / 255 - 0.5) * 2)

        accuracy = accuracy_of(classify, shown["pixels"], shown["labels"])
        rows[f"`fer` {VERSION} ({way})"] = row(shown, detector.detect_emotions, accuracy)
    return rows


def measure_ours(shown: Any) -> Rows:
    """The rows of fer-edge's models, from the frame in colour to its events."""
    on_one_core()
    from fer_edge.cameras.frame import Frame
    from fer_edge.config.model import PipelineOptions, parse_model
    from fer_edge.inference.classifier import EmotionClassifier
    from fer_edge.inference.engine import open_engine
    from fer_edge.inference.model_file import read_model
    from fer_edge.pipeline import Pipeline

    rows = {}
    for name in ("base", "small"):
        model = read_model(parse_model(name))
        classifier = EmotionClassifier(model, open_engine(model))
        pipeline = Pipeline(classifier, PipelineOptions(min_face=0.1))
        number = iter(range(10**9))

        def look(frame: NDArray[np.uint8], pipeline: Pipeline = pipeline, number: Any = number) -> None:
            grey = np.asarray(cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY), np.uint8)
            at = next(number)
            pipeline.step(Frame(grey, at / 30, at))

        accuracy = accuracy_of(lambda faces, c=classifier: c.classify(list(faces)), shown["pixels"], shown["labels"])
        rows[f"fer-edge, `{name}`"] = row(shown, look, accuracy)
    return rows


def print_table(rows: Rows) -> None:
    """The table, in Markdown."""
    print("| | CPU of a frame, median | mean | PublicTest |")
    print("|---|---|---|---|")
    for name, values in rows.items():
        accuracy = "not measured" if np.isnan(values["accuracy"]) else f"{values['accuracy']:.2f} %"
        print(f"| {name} | {values['median']:.1f} ms | {values['mean']:.1f} ms | {accuracy} |")


if __name__ == "__main__":
    sys.exit(main())
