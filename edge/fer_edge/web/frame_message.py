"""A frame and its faces, as viewers receive them."""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from fer_edge.cameras.frame import Frame, search_size
from fer_edge.geometry import Box
from fer_edge.tracking.track import TrackedFace

JPEG_QUALITY = 75


@dataclass
class FrameMessage:
    """A frame for all viewers.

    Attributes:
        number: Of the frame.
        time: When it was taken, in seconds.
        picture: uint8 [H,W].
        faces: JSON objects of the faces, the largest first.
    """

    number: int
    time: float
    picture: NDArray[np.uint8]
    faces: list[dict[str, Any]]
    _encoded: dict[bool, bytes] = field(default_factory=dict, repr=False)

    def encode(self, *, picture: bool) -> bytes:
        """The length of the JSON in four bytes, the JSON, and the JPEG if `picture`. Encoded once for all viewers."""
        if picture not in self._encoded:
            self._encoded[picture] = self._header() + (encode_jpeg(self.picture) if picture else b"")
        return self._encoded[picture]

    def _header(self) -> bytes:
        height, width = self.picture.shape
        fields = {"number": self.number, "t": self.time, "size": [width, height], "faces": self.faces}
        text = json.dumps(fields, ensure_ascii=False).encode()
        return struct.pack(">I", len(text)) + text


def describe_faces(
    frame: Frame, faces: Sequence[TrackedFace], labels: Sequence[str], *, zones: bool = False
) -> list[dict[str, Any]]:
    """The JSON objects of the faces in a frame, with their zones if there are `zones`."""
    height, width = frame.grey.shape
    described = [_describe_face(face, width, height, labels) for face in faces]
    return [{**one, "zone": face.zone} for one, face in zip(described, faces, strict=True)] if zones else described


def encode_jpeg(picture: NDArray[np.uint8]) -> bytes:
    """A picture, uint8 [H,W], as a JPEG no larger than the image in which faces are searched."""
    height, width = picture.shape
    small = search_size((width, height))
    if small[0] < width:
        picture = np.asarray(cv2.resize(picture, small, interpolation=cv2.INTER_AREA), np.uint8)
    return bytes(cv2.imencode(".jpg", picture, (cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY))[1])


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
