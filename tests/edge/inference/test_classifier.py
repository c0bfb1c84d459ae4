from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from tests.support import MEDIA

from fer_edge.detection.haar import HaarDetector
from fer_edge.geometry import Box
from fer_edge.inference.backends.edgetpu import AcceleratorError
from fer_edge.inference.classifier import EmotionClassifier
from fer_edge.inference.crop import crop_face
from fer_edge.inference.engine import Engine
from fer_edge.inference.model_file import ModelError, ModelFile

RAMP = np.add.outer(np.arange(100), np.arange(120)).astype(np.uint8)


def test_a_crop_inside_the_picture_is_its_pixels() -> None:
    assert np.array_equal(crop_face(RAMP, Box(10, 20, 48, 48), 0.0, 48), RAMP[20:68, 10:58])


def test_a_box_that_is_no_square_is_cropped_as_one_around_its_centre() -> None:
    assert np.array_equal(crop_face(RAMP, Box(22, 20, 24, 48), 0.0, 48), RAMP[20:68, 10:58])


def test_the_margin_is_added_on_each_side() -> None:
    assert np.array_equal(crop_face(RAMP, Box(18, 28, 32, 32), 0.25, 48), RAMP[20:68, 10:58])


@pytest.mark.parametrize("box", [Box(-10, -10, 48, 48), Box(100, 80, 48, 48), Box(0, 0, 120, 120), Box(119, 99, 9, 9)])
def test_a_box_over_the_edge_repeats_the_last_pixels(box: Box) -> None:
    padded = np.pad(RAMP, 200, mode="edge")
    inside = crop_face(padded, Box(box.x + 200, box.y + 200, box.w, box.h), 0.1, 48)
    assert np.array_equal(crop_face(RAMP, box, 0.1, 48), inside)


def test_probabilities_are_one_row_a_face(classifier: EmotionClassifier) -> None:
    faces = np.random.default_rng(0).integers(0, 256, (3, 48, 48)).astype(np.uint8)
    given = classifier.classify(faces)
    assert given.shape == (3, len(classifier.labels))
    assert given.dtype == np.float32
    assert np.allclose(given.sum(axis=1), 1, atol=0.03)
    assert given.min() >= 0


def test_no_faces_give_no_rows(classifier: EmotionClassifier) -> None:
    assert classifier.classify([]).shape == (0, len(classifier.labels))


def test_the_same_face_gives_the_same_answer_whatever_came_before(classifier: EmotionClassifier) -> None:
    faces = np.random.default_rng(1).integers(0, 256, (2, 48, 48)).astype(np.uint8)
    assert np.array_equal(classifier.classify(faces)[1], classifier.classify(faces[1:])[0])


class FakeInterpreter:
    """An interpreter with tensors of our choice."""

    def __init__(self, taken: list[dict[str, Any]], given: list[dict[str, Any]]) -> None:
        self.taken, self.given = taken, given

    def get_input_details(self) -> list[dict[str, Any]]:
        return self.taken

    def get_output_details(self) -> list[dict[str, Any]]:
        return self.given

    def get_tensor_details(self) -> list[dict[str, Any]]:
        return self.taken + self.given

    def allocate_tensors(self) -> None: ...
    def invoke(self) -> None: ...
    def set_tensor(self, index: int, value: Any) -> None: ...
    def get_tensor(self, index: int) -> Any:
        return np.array([[64, -128]], np.int8)


def tensor(shape: list[int], dtype: Any, quantization: tuple[float, int] = (1 / 256, -128)) -> dict[str, Any]:
    return {"name": "t", "index": 0, "shape": np.array(shape), "dtype": dtype, "quantization": quantization}


MODEL = ModelFile(Path("m.tflite"), b"", ("happy", "sad"), {})
FACE, PAIR = tensor([1, 48, 48, 1], np.uint8), tensor([1, 2], np.int8)


def test_a_signed_output_is_scaled_from_its_zero_point() -> None:
    classifier = EmotionClassifier(MODEL, Engine(FakeInterpreter([FACE], [PAIR]), "test"))
    assert classifier.classify(np.zeros((1, 48, 48), np.uint8)).tolist() == [[0.75, 0.0]]


@pytest.mark.parametrize(
    ("taken", "given", "complaint"),
    [
        ([tensor([1, 48, 48, 1], np.float32)], [PAIR], "float32, expected uint8"),
        ([FACE], [tensor([1, 2], np.float32)], "float32, expected uint8 or int8"),
        ([tensor([1, 48, 48, 3], np.uint8)], [PAIR], r"\[1, 48, 48, 3\]"),
        ([tensor([8, 48, 48, 1], np.uint8)], [PAIR], r"\[8, 48, 48, 1\]"),
        ([tensor([1, 2304], np.uint8)], [PAIR], r"\[1, 2304\]"),
        ([FACE], [tensor([1, 7], np.int8)], "2 labels"),
        ([FACE, FACE], [PAIR], "2 inputs"),
        ([tensor([1, 0, 0, 1], np.uint8)], [PAIR], r"\[1, 0, 0, 1\]"),
        ([FACE], [tensor([1, 2], np.int8, (0.0, 0))], "scale of its output is 0.0"),
        ([FACE], [tensor([1, 2], np.int8, (float("nan"), 0))], "scale of its output is nan"),
    ],
)
def test_a_model_that_is_not_of_the_contract_is_refused(taken: Any, given: Any, complaint: str) -> None:
    with pytest.raises(ModelError, match=complaint):
        EmotionClassifier(MODEL, Engine(FakeInterpreter(taken, given), "test"))


def test_an_invoke_that_fails_says_on_what(monkeypatch: pytest.MonkeyPatch) -> None:
    def pulled_out(self: FakeInterpreter) -> None:
        raise RuntimeError("USB transfer error")

    classifier = EmotionClassifier(MODEL, Engine(FakeInterpreter([FACE], [PAIR]), "edgetpu usb:0 (test)"))
    monkeypatch.setattr(FakeInterpreter, "invoke", pulled_out)
    with pytest.raises(AcceleratorError, match=r"edgetpu usb:0 \(test\) failed at a face: USB transfer error"):
        classifier.warm_up()


def test_the_smiling_astronaut_is_happy(classifier: EmotionClassifier) -> None:
    grey = np.asarray(cv2.imread(str(MEDIA / "faces" / "astronaut.png"), cv2.IMREAD_GRAYSCALE), np.uint8)
    box = HaarDetector().detect(grey)[0]
    row = classifier.classify([crop_face(grey, box, classifier.model.crop_margin, classifier.side)])[0]
    assert classifier.labels[int(row.argmax())] == "happy"
