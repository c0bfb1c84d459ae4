"""The file of the face network, which comes with the package, and how it is opened."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.config.model import MODELS
from fer_edge.detection.face_network import INPUT_SIDE, FaceNetwork, RunNetwork
from fer_edge.errors import FerError
from fer_edge.inference.backends import CPU
from fer_edge.inference.backends.base import AcceleratorError
from fer_edge.inference.engine import InferenceEngine
from fer_edge.inference.grey_input import with_grey_input
from fer_edge.inference.model_file import ModelError, ModelFile, read_content
from fer_edge.inference.runtimes import pick_runtime
from fer_edge.inference.selection import Platform, probe_and_open

FACE_NETWORK = MODELS / "face_network.tflite"
SHA256 = "bbff11cebd1eb27a1e004cae0b0e63ec8c551cbf34a4451148b4908b8db3eca8"  # of the published file
THREADS = 1  # the network is too small to gain from more
INPUT_SHAPE = (1, INPUT_SIDE, INPUT_SIDE, 1)
BOXES_SHAPE = (1, 896, 16)  # boxes and key points
LOGITS_SHAPE = (1, 896, 1)
NEW_FILE = "install fer-edge again"
NEW_RUNTIME = "the file is intact, so install the TFLite runtime again"


class FaceNetworkError(FerError):
    """The face network cannot be used."""


def open_face_network(
    path: Path = FACE_NETWORK, *, platform: Platform | None = None
) -> tuple[FaceNetwork, tuple[str, ...]]:
    """Open the face network on the CPU once its published file has run in a child process.

    Args:
        path: Its file.
        platform: The runtimes, and how they are tried; None for this machine.

    Returns:
        The network, and why a preferred runtime does not run it, one line each.

    Raises:
        FaceNetworkError: The file is missing or damaged, or no runtime runs it.
    """
    model, platform = read_face_network(path), platform or Platform()
    try:
        pick_runtime(available=platform.runtimes)  # raises without any
    except FerError as error:
        raise FaceNetworkError(f"{path}: {error.message}", cure=error.cure) from error
    try:
        engine, failures = probe_and_open(model, CPU, THREADS, platform)
    except FerError as error:
        raise FaceNetworkError(error.message, cure=NEW_RUNTIME) from error
    warnings = tuple(f"{failure.message}; it runs on {engine.runs_on} instead" for failure in failures)
    return FaceNetwork(run_function(model, engine)), warnings


def read_face_network(path: Path) -> ModelFile:
    """Read the face network, to take one channel. Raises FaceNetworkError unless its file is the published one."""
    try:
        model = ModelFile(path, read_content(path), labels=(), card={})
    except ModelError as error:
        raise FaceNetworkError(error.message, cure=NEW_FILE) from error
    if model.sha256 != SHA256:
        raise FaceNetworkError(f"{path}: damaged (sha256 {model.sha256[:12]}, expected {SHA256[:12]})", cure=NEW_FILE)
    return replace(model, graph=with_grey_input(model.graph))


def run_function(model: ModelFile, engine: InferenceEngine) -> RunNetwork:
    """The function that computes the network. Raises FaceNetworkError when the tensors are not those of BlazeFace.

    The function raises AcceleratorError when the inference fails.
    """
    interpreter = engine.interpreter
    source = _find_tensor(model.path, "input", interpreter.get_input_details(), INPUT_SHAPE)
    outputs = interpreter.get_output_details()
    boxes, logits = (_find_tensor(model.path, "output", outputs, shape) for shape in (BOXES_SHAPE, LOGITS_SHAPE))

    def run(pixels: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        interpreter.set_tensor(source, pixels)
        try:
            interpreter.invoke()
        except RuntimeError as error:
            raise AcceleratorError(f"face network on {engine.runs_on}: inference failed: {error}") from error
        return interpreter.get_tensor(boxes)[0], interpreter.get_tensor(logits)[0, :, 0]

    return run


def _find_tensor(path: Path, kind: str, tensors: list[dict[str, Any]], shape: tuple[int, ...]) -> int:
    """The index of the tensor of a shape. Raises FaceNetworkError if there is none of float32."""
    for tensor in tensors:
        if tuple(tensor["shape"]) == shape and tensor["dtype"] is np.float32:
            return int(tensor["index"])
    found = ", ".join(f"{np.dtype(tensor['dtype']).name} {tensor['shape'].tolist()}" for tensor in tensors) or "none"
    raise FaceNetworkError(
        f"{path}: its {kind}s are {found}; expected one that is float32 {list(shape)}", cure=NEW_FILE
    )
