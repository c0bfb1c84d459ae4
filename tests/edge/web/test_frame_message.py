"""A frame as viewers receive it: the length of the JSON, the JSON, the JPEG."""

from __future__ import annotations

import json

import cv2
import numpy as np
import pytest

from fer_edge.cameras.frame import Frame
from fer_edge.geometry import Box
from fer_edge.tracking.track import TrackedFace
from fer_edge.web import frame_picture
from fer_edge.web.frame_message import FrameMessage, describe_faces
from fer_edge.web.frame_picture import FramePicture

LABELS = ("happy", "sad")


FRAME = Frame(np.full((480, 640), 100, np.uint8), 3.0, 7)


def make_face(angle: float) -> TrackedFace:
    return TrackedFace(2, Box(-32, 48, 64, 48), 1, np.array([0.25, 0.75], np.float32), angle=angle)


def make_message() -> FrameMessage:
    return FrameMessage(
        FRAME.number, 12.5, FramePicture(FRAME, [], LABELS), describe_faces(FRAME, [make_face(-20.04)], LABELS)
    )


def test_a_frame_has_its_faces_in_fractions_and_its_picture() -> None:
    encoded = make_message().encode(picture=True)
    size = int.from_bytes(encoded[:4])
    assert json.loads(encoded[4 : 4 + size]) == {
        "number": 7,
        "t": 12.5,
        "size": [640, 480],
        "faces": [
            {
                "track": 2,
                "box": [0.0, 0.1, 0.05, 0.1],
                "full_box": [-0.05, 0.1, 0.1, 0.1],
                "angle": -20.0,
                "emotion": "sad",
                "score": 0.75,
                "scores": [0.25, 0.75],
            }
        ],
    }
    picture = cv2.imdecode(np.frombuffer(encoded[4 + size :], np.uint8), cv2.IMREAD_UNCHANGED)
    assert picture is not None
    assert picture.shape == (480, 640)


def test_the_emotion_of_a_face_that_is_unsure_is_null() -> None:
    unsure = TrackedFace(2, Box(0, 0, 64, 48), None, np.array([0.25, 0.75], np.float32))
    (face,) = describe_faces(FRAME, [unsure], LABELS)
    assert (face["emotion"], face["score"]) == (None, 0.75)


@pytest.mark.parametrize(("angle", "text"), [(0, "0.0"), (-0.04, "0.0"), (12.345, "12.3"), (-45, "-45.0")])
def test_an_angle_is_rounded_to_a_tenth_of_a_degree(angle: float, text: str) -> None:
    (face,) = describe_faces(FRAME, [make_face(angle)], LABELS)
    assert json.dumps(face["angle"]) == text


def test_a_jpeg_is_made_once_for_all_viewers_and_only_if_one_wants_it(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[int] = []
    encode_jpeg = frame_picture.encode_jpeg
    monkeypatch.setattr(frame_picture, "encode_jpeg", lambda picture: made.append(1) or encode_jpeg(picture))
    message = make_message()
    assert not message.encode(picture=False).endswith(b"\xff\xd9")
    assert not made
    assert len({message.encode(picture=True) for _ in range(3)}) == len(made) == 1
