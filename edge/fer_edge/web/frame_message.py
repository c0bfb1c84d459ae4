"""A frame and its faces, as viewers receive them."""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from fer_edge.cameras.frame import Frame
from fer_edge.geometry import Box
from fer_edge.tracking.track import TrackedFace
from fer_edge.web.frame_picture import FramePicture


@dataclass
class FrameMessage:
    """A frame for all viewers.

    Attributes:
        number: Of the frame.
        time: When it was taken, in seconds.
        picture: The picture.
        faces: JSON objects of the faces, the largest first.
    """

    number: int
    time: float
    picture: FramePicture
    faces: list[dict[str, Any]]
    _encoded: dict[bool, bytes] = field(default_factory=dict, repr=False)

    def encode(self, *, picture: bool) -> bytes:
        """The length of the JSON in four bytes, the JSON, and the JPEG if `picture`. Encoded once for all viewers."""
        if picture not in self._encoded:
            self._encoded[picture] = self._header() + (self.picture.jpeg() if picture else b"")
        return self._encoded[picture]

    def _header(self) -> bytes:
        fields = {"number": self.number, "t": self.time, "size": self.picture.size, "faces": self.faces}
        text = json.dumps(fields, ensure_ascii=False).encode()
        return struct.pack(">I", len(text)) + text


def describe_faces(
    frame: Frame, faces: Sequence[TrackedFace], labels: Sequence[str], *, zones: bool = False
) -> list[dict[str, Any]]:
    """The JSON objects of the faces in a frame, with their zones if there are `zones`."""
    height, width = frame.grey.shape
    described = [_describe_face(face, width, height, labels) for face in faces]
    return [{**one, "zone": face.zone} for one, face in zip(described, faces, strict=True)] if zones else described


def _describe_face(face: TrackedFace, width: int, height: int, labels: Sequence[str]) -> dict[str, Any]:
    return {
        "track": face.number,
        "box": _fractions(face.box.clipped(width, height), width, height),
        # A clipped box has another centre, about which it cannot be turned.
        "full_box": _fractions(face.box, width, height),
        "angle": round(face.angle, 1) + 0.0,  # no negative zero
        "emotion": None if face.emotion is None else labels[face.emotion],
        "score": round(face.score, 3),
        "scores": [round(float(value), 3) for value in face.probabilities],
    }


def _fractions(box: Box, width: int, height: int) -> list[float]:
    sides = (width, height, width, height)
    return [round(value / side, 4) for value, side in zip(box, sides, strict=True)]
