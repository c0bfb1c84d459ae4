"""Export to TensorFlow.js by its own converter, run by TensorFlow.js in Node.

The converter is a program and not a dependency: tensorflowjs 4.22, the last one, pins packages older than those that
this project needs, so it lives in an environment of its own.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fer_convert.export.saved_model import export_saved_model, write_labels
from fer_data.classifiers import Classifier, Classify
from fer_edge.errors import FerError, UsageError

CONVERTER = "tensorflowjs_converter"
CONVERTER_CURE = "uv tool install --python 3.12 --with 'ydf<0.12' --with 'setuptools<81' tensorflowjs==4.22.0"
RUNTIME = "@tensorflow/tfjs"
RUNTIME_CURE = f"install Node, and run `npm install {RUNTIME}` in this folder"
RUNNER = Path(__file__).with_name("run_tfjs.cjs")
TIMEOUT = 600.0  # seconds, for each program
MAX_EXCERPT = 300  # characters of a program's output in an error message


class ProgramError(FerError):
    """The converter or Node failed."""


def export_tfjs(classifier: Classifier, out: Path) -> Classify:
    """Write a folder with a graph model of TensorFlow.js, model.json, and its labels.

    The model takes float32 [N,48,48,1] of 0..255 and gives float32 probabilities [N,classes].

    Returns:
        What runs the written folder: from uint8 [N,48,48] to probabilities.

    Raises:
        UsageError: The converter, Node or TensorFlow.js is not installed.
        ProgramError: One of them fails.
    """
    converter, node = shutil.which(CONVERTER), shutil.which("node")
    if converter is None:
        raise UsageError(f"{CONVERTER} is not installed", cure=CONVERTER_CURE)
    runtime = node and subprocess.run(  # noqa: S603
        [node, "--print", f"require.resolve('{RUNTIME}')"], capture_output=True, text=True, check=False, timeout=TIMEOUT
    )
    if not node or not runtime or runtime.returncode:
        raise UsageError(f"{RUNTIME} is not installed, which the export is checked with", cure=RUNTIME_CURE)

    with tempfile.TemporaryDirectory(prefix="fer-convert-") as folder:
        saved = Path(folder) / "saved_model"
        export_saved_model(classifier, saved)
        _run([converter, "--input_format=tf_saved_model", str(saved), str(out)])
    write_labels(classifier, out)
    command = [node, str(RUNNER), runtime.stdout.strip(), str(out), str(classifier.side)]

    def classify(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        probabilities = np.frombuffer(_run(command, pixels.tobytes()), np.float32)
        return probabilities.reshape(len(pixels), len(classifier.labels))

    return classify


def _run(command: list[str], data: bytes = b"") -> bytes:
    """Run a program and return its output."""
    name = Path(command[0]).name
    try:
        done = subprocess.run(command, input=data, capture_output=True, check=False, timeout=TIMEOUT)  # noqa: S603
    except subprocess.TimeoutExpired as error:
        raise ProgramError(f"{name} did not finish within {TIMEOUT:g} s") from error
    if done.returncode:
        lines = done.stderr.decode(errors="replace").split("\n")
        excerpt = "; ".join(line.strip() for line in lines if line.strip())[-MAX_EXCERPT:]
        raise ProgramError(f"{name} failed (exit code {done.returncode}): {excerpt}")
    return done.stdout
