"""What a frame showed, as it is told to those who look on."""

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
from fer_edge.tracking.track import TrackedFace

JPEG_QUALITY = 75


@dataclass
class FrameMessage:
    """A picture, uint8 [H,W], taken at `time`, seconds, and its faces, the largest first, as JSON objects."""

    number: int
    time: float
    picture: NDArray[np.uint8]
    faces: list[dict[str, Any]]
    _messages: dict[bool, bytes] = field(default_factory=dict, repr=False)

    def message(self, *, picture: bool) -> bytes:
        """Faces, and the picture as JPEG if it is wanted: a length of four bytes, JSON of that length, the JPEG.

        Made when it is first wanted, and once for all.
        """
        if picture not in self._messages:
            self._messages[picture] = self._faces_told + (_encode(self.picture) if picture else b"")
        return self._messages[picture]

    @property
    def _faces_told(self) -> bytes:
        height, width = self.picture.shape
        told = {"number": self.number, "t": self.time, "size": [width, height], "faces": self.faces}
        head = json.dumps(told, ensure_ascii=False).encode()
        return struct.pack(">I", len(head)) + head


def faces_of(frame: Frame, tracks: Sequence[TrackedFace], labels: Sequence[str]) -> list[dict[str, Any]]:
    """The faces of a frame. A track goes on to change: what is told of it is taken now."""
    height, width = frame.grey.shape
    return [_face(track, width, height, labels) for track in tracks]


def _face(track: TrackedFace, width: int, height: int, labels: Sequence[str]) -> dict[str, Any]:
    box = track.box.clipped(width, height)
    sides = (width, height, width, height)
    return {
        "track": track.number,
        "box": [round(value / side, 4) for value, side in zip(box, sides, strict=True)],
        "emotion": labels[track.emotion],
        "score": round(float(track.probabilities[track.emotion]), 3),
        "scores": [round(float(value), 3) for value in track.probabilities],
    }


def _encode(picture: NDArray[np.uint8]) -> bytes:
    height, width = picture.shape
    small = search_size((width, height))
    if small[0] < width:
        picture = np.asarray(cv2.resize(picture, small, interpolation=cv2.INTER_AREA), np.uint8)
    return bytes(cv2.imencode(".jpg", picture, (cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY))[1])
