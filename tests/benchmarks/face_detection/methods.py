"""The methods that are compared: the pipeline with each detector, and plain searches of every frame."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from fer_edge.cameras.frame import Frame
from fer_edge.config.model import DEFAULT_MODEL, DETECTORS, HAAR, NETWORK, PipelineOptions
from fer_edge.detection.base import Detectors
from fer_edge.detection.face_network import FaceNetwork
from fer_edge.detection.haar import open_cascade
from fer_edge.detection.pyramid import Pyramid
from fer_edge.geometry import Box
from fer_edge.inference.classifier import EmotionClassifier
from fer_edge.inference.face_network_file import FACE_NETWORK, read_face_network, run_function
from fer_edge.inference.loader import open_engine
from fer_edge.inference.model_file import read_model
from fer_edge.pipeline import Pipeline

PLAIN_HAAR, PLAIN_NETWORK = "plain-haar", "plain-network"
METHODS = (*DETECTORS, PLAIN_HAAR, PLAIN_NETWORK)
MIN_SCORE = 0.5  # of a face in a plain search with the network: MediaPipe's default
SAME_FACE_IOU = 0.3  # boxes of successive frames that overlap more are the same face, in a plain search
PLAIN_INTERVAL = 10  # frames of which a plain search gets one, since it is slow and has no memory

Search = Callable[[NDArray[np.uint8]], list[Box]]


class Found(NamedTuple):
    """A face that a method reports in a frame: the number of its track, and its box, pixels."""

    track: int
    box: Box


class Method(Protocol):
    """Processes frame after frame."""

    def step(self, frame: Frame) -> list[Found]:
        """Process the next frame. Returns the faces in it."""
        ...


class PipelineMethod:
    """The pipeline as the daemon runs it."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline

    def step(self, frame: Frame) -> list[Found]:
        """Process the next frame. Returns the faces in it."""
        self._pipeline.step(frame)
        return [Found(face.number, face.box) for face in self._pipeline.tracked_faces]


@dataclass
class PlainSearch:
    """A search of every whole frame. A face that overlaps one of the frame before keeps its number."""

    search: Search
    count: int = 0
    last: list[Found] = field(default_factory=list)

    def step(self, frame: Frame) -> list[Found]:
        """Search the next frame. Returns the faces in it."""
        found = []
        for box in self.search(frame.grey):
            track = next((face.track for face in self.last if box.iou(face.box) > SAME_FACE_IOU), None)
            if track is None:
                self.count += 1
                track = self.count
            found.append(Found(track, box))
        self.last = found
        return found


def haar_search() -> Search:
    """A search of the whole picture, uint8 [H,W], with the cascade."""
    cascade = open_cascade()

    def search(grey: NDArray[np.uint8]) -> list[Box]:
        found = cascade.detectMultiScale(grey, 1.1, 5, minSize=(48, 48))
        return [Box(*(int(value) for value in box)) for box in found]

    return search


def network_search(network: FaceNetwork) -> Search:
    """A search of the whole picture, uint8 [H,W], with the face network."""

    def search(grey: NDArray[np.uint8]) -> list[Box]:
        return [face.box for face in network.detect(Pyramid(grey), whole_square(grey), MIN_SCORE)]

    return search


def whole_square(grey: NDArray[np.uint8]) -> Box:
    """The smallest square that holds the whole picture, pixels."""
    height, width = grey.shape
    side = max(height, width)
    return Box((width - side) // 2, (height - side) // 2, side, side)


def frame_interval(method: Method) -> int:
    """Of this many frames the method gets the first one."""
    return PLAIN_INTERVAL if isinstance(method, PlainSearch) else 1


@cache
def open_classifier(runtime: str | None = None) -> EmotionClassifier:
    """The default model on a runtime; None for the fastest."""
    model = read_model(DEFAULT_MODEL)
    return EmotionClassifier(model, open_engine(model, runtime=runtime))


@cache
def open_network(runtime: str | None = None) -> FaceNetwork:
    """The face network on a runtime; None for the fastest."""
    model = read_face_network(FACE_NETWORK)
    return FaceNetwork(run_function(model, open_engine(model, runtime=runtime)))


def open_method(name: str, runtime: str | None = None) -> Method:
    """A method that begins anew.

    Args:
        name: One of METHODS.
        runtime: Of the networks; None for the fastest.
    """
    if name == PLAIN_HAAR:
        return PlainSearch(haar_search())
    if name == PLAIN_NETWORK:
        return PlainSearch(network_search(open_network(runtime)))
    network = None if name == HAAR else open_network(runtime)
    detectors = Detectors(cascade=name != NETWORK, network=network)
    return PipelineMethod(Pipeline(open_classifier(runtime), PipelineOptions(), detectors=detectors))
