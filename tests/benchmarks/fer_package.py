"""fer-edge compared with the `fer` package: CPU time of a frame, and accuracy on PublicTest of FER-2013.

usage: python tests/benchmarks/fer_package.py --venv FOLDER [--csv fer2013.csv]

`fer` needs libraries that this project does not, so it is installed in the virtual environment FOLDER, which is created
if it does not exist. Both get the same 640x480 frames in colour, already decoded, and run on one core. Prints the
median and the mean of the CPU time of a frame as a table in Markdown. Both run with their own default settings.
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
MAX_CLIP_FRAMES = 100
PICTURE_FRAMES = 10  # for which a picture is repeated
WARM_UP_FRAMES = 5  # before the first frame that is timed
BATCH = 64  # faces
FPS = 30
VERSION = "25.10.3"
# fer is installed without its dependencies: facenet-pytorch needs all of PyTorch for a detector that is not used here.
# setuptools removed pkg_resources, which fer imports, in version 82.
REQUIREMENTS = ("setuptools<81", "tensorflow<2.22", "opencv-python-headless==4.10.0.84", "pandas", "requests", "tqdm")
OPTIONAL_REQUIREMENTS = ("moviepy<2", "ffmpeg-python", "pillow", "matplotlib")

Rows = dict[str, dict[str, float]]
Classify = Callable[[NDArray[np.uint8]], Any]


def main() -> None:
    """Measure both and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--venv", type=Path, required=True, metavar="FOLDER", help="virtual environment of fer")
    parser.add_argument("--csv", type=Path, help="FER-2013, to measure the accuracy")
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        print(json.dumps(measure_fer(np.load(arguments.child))))
        return
    python = create_environment(arguments.venv)
    with tempfile.TemporaryDirectory() as folder:
        inputs = Path(folder) / "inputs.npz"
        save_inputs(inputs, arguments.csv)
        child = subprocess.run(
            [python, __file__, "--venv", arguments.venv, "--child", inputs],
            check=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={key: value for key, value in os.environ.items() if key != "PYTHONPATH"},
        )
        rows = {**measure_fer_edge(np.load(inputs)), **json.loads(child.stdout.splitlines()[-1])}
    print_table(rows)


def create_environment(folder: Path) -> Path:
    """The Python of a virtual environment with fer, which is created if it does not exist."""
    python = folder.absolute() / "bin" / "python"
    if not python.exists():
        venv.create(folder, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *REQUIREMENTS, *OPTIONAL_REQUIREMENTS], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", "--no-deps", f"fer=={VERSION}"], check=True)
    return python


def save_inputs(path: Path, csv: Path | None) -> None:
    """Save what both get: frames, uint8 [N,480,640,3], and the faces of PublicTest with their labels."""
    from fer_data.data_source import DataSource

    pictures = [cv2.imread(str(entry)) for entry in sorted((MEDIA / "faces").iterdir())]
    frames = [letterboxed(picture) for picture in pictures for _ in range(PICTURE_FRAMES)]
    for clip in sorted(MEDIA.glob("*.mp4")):
        capture = cv2.VideoCapture(str(clip))
        while (step := capture.read())[0] and capture.get(cv2.CAP_PROP_POS_FRAMES) <= MAX_CLIP_FRAMES:
            frames.append(letterboxed(step[1]))
    faces = DataSource(csv).read().split("PublicTest") if csv else None
    pixels, labels = (faces.pixels, faces.labels) if faces else (np.zeros((0, 48, 48), np.uint8), np.zeros(0, int))
    np.savez(path, frames=np.stack(frames), pixels=pixels, labels=labels)


def letterboxed(picture: Any) -> NDArray[np.uint8]:
    """The picture, scaled to fit, in the middle of a grey frame."""
    scale = min(WIDTH / picture.shape[1], HEIGHT / picture.shape[0])
    small = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    frame = np.full((HEIGHT, WIDTH, 3), 128, np.uint8)
    top, left = (HEIGHT - small.shape[0]) // 2, (WIDTH - small.shape[1]) // 2
    frame[top : top + small.shape[0], left : left + small.shape[1]] = small
    return frame


def use_one_core() -> None:
    """Restrict this process to one core and OpenCV to one thread."""
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    cv2.setNumThreads(1)


def measure(inputs: Any, process: Callable[[NDArray[np.uint8]], Any], accuracy: float) -> dict[str, float]:
    """A row: the CPU time of `process`, milliseconds a frame, and the accuracy, per cent (NaN without faces)."""
    costs = []
    for number, frame in enumerate([*inputs["frames"][:WARM_UP_FRAMES], *inputs["frames"]]):
        start = time.process_time()
        process(frame)
        if number >= WARM_UP_FRAMES:
            costs.append(1000 * (time.process_time() - start))
    return {"median": float(np.median(costs)), "mean": float(np.mean(costs)), "accuracy": accuracy}


def accuracy_of(classify: Classify, pixels: NDArray[np.uint8], labels: NDArray[Any]) -> float:
    """Per cent of the faces, uint8 [N,48,48], whose most probable emotion is their label."""
    if not len(labels):
        return float("nan")
    parts = [np.asarray(classify(pixels[at : at + BATCH])).argmax(axis=1) for at in range(0, len(labels), BATCH)]
    return 100 * float((np.concatenate(parts) == labels).mean())


def measure_fer(inputs: Any) -> Rows:
    """The rows of fer; called in its environment."""
    use_one_core()
    from fer.fer import FER  # type: ignore[import-not-found]

    rows = {}
    for variant, lite in (("TFLite, its default", True), ("Keras", False)):
        detector = FER(mtcnn=False, use_tflite=lite)

        def classify(faces: NDArray[np.uint8], detector: Any = detector) -> Any:
            """What fer's detect_emotions does with its crops."""
            large = np.array([cv2.resize(face, (64, 64)) for face in faces], np.float32)
            return detector._classify_emotions((large / 255 - 0.5) * 2)

        accuracy = accuracy_of(classify, inputs["pixels"], inputs["labels"])
        rows[f"`fer` {VERSION} ({variant})"] = measure(inputs, detector.detect_emotions, accuracy)
    return rows


def measure_fer_edge(inputs: Any) -> Rows:
    """The rows of fer-edge's models, from the colour frame to its events."""
    use_one_core()
    from fer_edge.cameras.frame import Frame
    from fer_edge.config.model import DEFAULT_DETECTOR, PipelineOptions, parse_model
    from fer_edge.inference.classifier import EmotionClassifier
    from fer_edge.inference.detectors import open_detectors
    from fer_edge.inference.loader import open_engine
    from fer_edge.inference.model_file import read_model
    from fer_edge.pipeline import Pipeline

    detectors, warnings = open_detectors(DEFAULT_DETECTOR)
    print(*warnings, sep="\n", end="")
    rows = {}
    for name in ("base", "small"):
        model = read_model(parse_model(name))
        classifier = EmotionClassifier(model, open_engine(model))
        pipeline = Pipeline(classifier, PipelineOptions(min_face=0.1), detectors=detectors)
        number = iter(range(10**9))

        def process(frame: NDArray[np.uint8], pipeline: Pipeline = pipeline, number: Any = number) -> None:
            grey = np.asarray(cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY), np.uint8)
            at = next(number)
            pipeline.step(Frame(grey, at / FPS, at))

        accuracy = accuracy_of(lambda faces, c=classifier: c.classify(list(faces)), inputs["pixels"], inputs["labels"])
        rows[f"fer-edge, `{name}`"] = measure(inputs, process, accuracy)
    return rows


def print_table(rows: Rows) -> None:
    """Print the table in Markdown."""
    print("| | CPU of a frame, median | mean | PublicTest |")
    print("|---|---|---|---|")
    for name, values in rows.items():
        accuracy = "not measured" if np.isnan(values["accuracy"]) else f"{values['accuracy']:.2f} %"
        print(f"| {name} | {values['median']:.1f} ms | {values['mean']:.1f} ms | {accuracy} |")


if __name__ == "__main__":
    sys.exit(main())
