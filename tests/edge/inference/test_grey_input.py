"""The face network with one channel computes what the published one computes of three equal channels."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from numpy.typing import NDArray
from tests.support.media import MEDIA

from fer_edge.detection.face_network import GREY_TO_INPUT
from fer_edge.inference.face_network_file import FACE_NETWORK
from fer_edge.inference.grey_input import INPUT_SHAPE, KERNEL_SHAPE, with_grey_input
from fer_edge.inference.loader import open_engine
from fer_edge.inference.model_file import ModelFile

PUBLISHED = FACE_NETWORK.read_bytes()


def outputs(graph: bytes, pixels: NDArray[np.float32], runtime: str) -> list[NDArray[np.float32]]:
    """The boxes and key points, pixels, and the logits, of a picture [1,128,128,channels]."""
    interpreter = open_engine(ModelFile(FACE_NETWORK, graph, (), {}), runtime=runtime).interpreter
    (source,) = interpreter.get_input_details()
    interpreter.set_tensor(source["index"], pixels)
    interpreter.invoke()
    tensors = sorted(interpreter.get_output_details(), key=lambda tensor: -tensor["shape"][-1])
    return [np.asarray(interpreter.get_tensor(tensor["index"])[0]) for tensor in tensors]


def as_input(path: Path) -> NDArray[np.float32]:
    picture = cv2.resize(np.asarray(cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)), (128, 128))
    return np.asarray(cv2.LUT(picture, GREY_TO_INPUT), np.float32)[None, ..., None]


@pytest.mark.parametrize("name", ["astronaut.png", "grace_hopper.bmp", "neutral.jpeg"])
def test_a_grey_picture_gives_the_boxes_and_scores_of_three_equal_channels(runtime: str, name: str) -> None:
    pixels = as_input(MEDIA / "faces" / name)
    boxes, logits = outputs(with_grey_input(PUBLISHED), pixels, runtime)
    expected_boxes, expected_logits = outputs(PUBLISHED, pixels.repeat(3, axis=-1), runtime)
    best = expected_logits[:, 0] > 0
    assert best.any()
    assert np.abs(boxes[best] - expected_boxes[best]).max() < 0.05  # of 128 pixels
    scores, expected_scores = (1 / (1 + np.exp(-values.clip(-50, 50))) for values in (logits, expected_logits))
    assert np.abs(scores - expected_scores).max() < 0.003


def test_nothing_but_the_channels_of_the_input_and_of_the_first_kernel_changes() -> None:
    changed, published = (
        schema.ModelT.InitFromPackedBuf(graph, 0) for graph in (with_grey_input(PUBLISHED), PUBLISHED)
    )
    pairs = list(zip(changed.subgraphs[0].tensors, published.subgraphs[0].tensors, strict=True))
    shapes = [
        (new.shape.tolist(), old.shape.tolist()) for new, old in pairs if new.shape.tolist() != old.shape.tolist()
    ]
    assert sorted(shapes) == sorted(
        [([*shape[:-1], 1], [*shape]) for shape in (INPUT_SHAPE, KERNEL_SHAPE, KERNEL_SHAPE)]
    )
    buffers = [
        [bytes(buffer.data) if buffer.data is not None else b"" for buffer in model.buffers]
        for model in (changed, published)
    ]
    (kernels,) = (pair for pair in zip(*buffers, strict=True) if pair[0] != pair[1])
    grey, coloured = (np.frombuffer(data, "<f2").astype(np.float32) for data in kernels)
    assert grey == pytest.approx(coloured.reshape(-1, 3).sum(axis=1), abs=0.001)
