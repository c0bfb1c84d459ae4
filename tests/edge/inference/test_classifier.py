from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from tests.support.media import MEDIA

from fer_edge.detection.haar import HaarDetector
from fer_edge.inference.backends.base import AcceleratorError
from fer_edge.inference.classifier import EmotionClassifier
from fer_edge.inference.crop import crop_face
from fer_edge.inference.engine import InferenceEngine
from fer_edge.inference.model_file import ModelError, ModelFile


def random_faces(count: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, 48, 48)).astype(np.uint8)


def test_each_face_gets_one_row_of_probabilities(classifier: EmotionClassifier) -> None:
    rows = classifier.classify(random_faces(3))
    assert rows.shape == (3, len(classifier.labels))
    assert rows.dtype == np.float32
    assert np.allclose(rows.sum(axis=1), 1, atol=0.03)
    assert rows.min() >= 0


def test_no_faces_give_no_rows(classifier: EmotionClassifier) -> None:
    assert classifier.classify([]).shape == (0, len(classifier.labels))


def test_the_result_does_not_depend_on_the_faces_before(classifier: EmotionClassifier) -> None:
    faces = random_faces(2, seed=1)
    assert np.array_equal(classifier.classify(faces)[1], classifier.classify(faces[1:])[0])


class FakeInterpreter:
    """An interpreter with the given tensors; its output is always [64, -128]."""

    def __init__(
        self, inputs: list[dict[str, Any]], outputs: list[dict[str, Any]], failure: Exception | None = None
    ) -> None:
        self.inputs, self.outputs, self.failure = inputs, outputs, failure

    def get_input_details(self) -> list[dict[str, Any]]:
        return self.inputs

    def get_output_details(self) -> list[dict[str, Any]]:
        return self.outputs

    def get_tensor_details(self) -> list[dict[str, Any]]:
        return self.inputs + self.outputs

    def allocate_tensors(self) -> None: ...

    def invoke(self) -> None:
        if self.failure:
            raise self.failure

    def set_tensor(self, index: int, value: Any) -> None: ...

    def get_tensor(self, index: int) -> Any:
        return np.array([[64, -128]], np.int8)


def tensor(shape: list[int], dtype: Any, quantization: tuple[float, int] = (1 / 256, -128)) -> dict[str, Any]:
    return {"name": "t", "index": 0, "shape": np.array(shape), "dtype": dtype, "quantization": quantization}


MODEL = ModelFile(Path("m.tflite"), b"", ("happy", "sad"), {})
FACE, PAIR = tensor([1, 48, 48, 1], np.uint8), tensor([1, 2], np.int8)


def test_an_int8_output_is_scaled_from_its_zero_point() -> None:
    classifier = EmotionClassifier(MODEL, InferenceEngine(FakeInterpreter([FACE], [PAIR]), "test"))
    assert classifier.classify(np.zeros((1, 48, 48), np.uint8)).tolist() == [[0.75, 0.0]]


def test_the_probabilities_are_those_at_the_temperature_of_the_model() -> None:
    model = replace(MODEL, card={"temperature": 0.5})
    classifier = EmotionClassifier(model, InferenceEngine(FakeInterpreter([FACE], [PAIR]), "test"))
    raw = np.array([0.75, 1 / 512])  # the 0 counts as half a step
    assert np.allclose(classifier.classify(np.zeros((1, 48, 48), np.uint8)), raw**2 / (raw**2).sum())
    assert classifier.classify([]).shape == (0, 2)


@pytest.mark.parametrize(
    ("inputs", "outputs", "problem"),
    [
        ([tensor([1, 48, 48, 1], np.float32)], [PAIR], "float32, expected uint8"),
        ([FACE], [tensor([1, 2], np.float32)], "float32, expected uint8 or int8"),
        ([tensor([1, 48, 48, 3], np.uint8)], [PAIR], r"\[1, 48, 48, 3\]"),
        ([tensor([8, 48, 48, 1], np.uint8)], [PAIR], r"\[8, 48, 48, 1\]"),
        ([tensor([1, 2304], np.uint8)], [PAIR], r"\[1, 2304\]"),
        ([FACE], [tensor([1, 7], np.int8)], "2 labels"),
        ([FACE, FACE], [PAIR], "2 inputs"),
        ([tensor([1, 0, 0, 1], np.uint8)], [PAIR], r"\[1, 0, 0, 1\]"),
        ([FACE], [tensor([1, 2], np.int8, (0.0, 0))], "the range of its output is 0 to 0, expected 0 to 1"),
        ([FACE], [tensor([1, 2], np.int8, (float("nan"), 0))], "of its output is nan to nan, expected 0 to 1"),
    ],
)
def test_a_model_that_breaks_the_contract_is_refused(inputs: Any, outputs: Any, problem: str) -> None:
    with pytest.raises(ModelError, match=problem) as raised:
        EmotionClassifier(MODEL, InferenceEngine(FakeInterpreter(inputs, outputs), "test"))
    assert raised.value.setting == "model.file"


def test_the_error_of_a_failed_invoke_names_what_the_model_runs_on() -> None:
    interpreter = FakeInterpreter([FACE], [PAIR], failure=RuntimeError("USB transfer error"))
    classifier = EmotionClassifier(MODEL, InferenceEngine(interpreter, "edgetpu usb:0 (test)"))
    with pytest.raises(AcceleratorError, match=r"^edgetpu usb:0 \(test\): inference failed: USB transfer error$"):
        classifier.warm_up()


def test_the_smiling_astronaut_is_happy(classifier: EmotionClassifier) -> None:
    grey = np.asarray(cv2.imread(str(MEDIA / "faces" / "astronaut.png"), cv2.IMREAD_GRAYSCALE), np.uint8)
    box = HaarDetector().detect(grey)[0]
    row = classifier.classify([crop_face(grey, box, classifier.model.crop_margin, classifier.side)])[0]
    assert classifier.labels[int(row.argmax())] == "happy"
