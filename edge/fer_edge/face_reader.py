"""Faces and their expressions in one call, for programs that want neither a daemon nor MQTT."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from fer_edge.affect import estimate_affect
from fer_edge.cameras.factory import open_source
from fer_edge.cameras.frame import Frame
from fer_edge.cameras.pictures import read_grey
from fer_edge.config.accelerator import AUTO
from fer_edge.config.camera import CameraOptions
from fer_edge.config.model import DEFAULT_DETECTOR, Config, PipelineOptions, default_threads, parse_model
from fer_edge.geometry import Box
from fer_edge.pipeline import Pipeline
from fer_edge.run.models import open_models
from fer_edge.tracking.track import TrackedFace

Picture = str | Path | NDArray[np.uint8]


@dataclass(frozen=True)
class Face:
    """A face and its expression.

    Attributes:
        box: Where the face is, in pixels of the picture; parts of it may lie outside.
        angle: How far the head is tilted, degrees clockwise: the face fills the box turned by it about its centre.
        emotion: The emotion; None while none is certain enough.
        score: Probability of the emotion, or the highest one if there is none, 0..1.
        scores: Probability of each label of the model, 0..1.
        track: In a video, the number of the face, the same from frame to frame; in a picture, its rank by size, from 1.
        valence: From unpleasant, -1, to pleasant, 1; None if the model's labels are others than the seven basic ones.
        arousal: From calm, -1, to excited, 1; likewise.
    """

    box: Box
    angle: float
    emotion: str | None
    score: float
    scores: dict[str, float]
    track: int
    valence: float | None = None
    arousal: float | None = None


class FaceReader:
    """Detects faces and classifies their expressions, as the daemon does. For use by one thread at a time.

    Attributes:
        labels: The emotions that the model knows.
    """

    def __init__(
        self,
        model: str | Path = "base",
        *,
        accelerator: str = AUTO,
        detector: str = DEFAULT_DETECTOR,
        min_face: float = PipelineOptions.min_face,
        min_score: float | None = None,
        threads: int | None = None,
    ) -> None:
        """Open the models.

        Args:
            model: `nano`, `small`, `base`, or a model file.
            accelerator: What runs the model: `auto`, `cpu`, `edgetpu`, or another value of `--accelerator`.
            detector: What detects faces: `haar+network`, `haar` or `network`.
            min_face: Width of the smallest face, as a fraction of the picture's height.
            min_score: Probability that an emotion must reach, 0..1; None: that of the model file, else 0.4.
            threads: Threads to compute with; None: all cores but one, at most 3.

        Raises:
            FerError: The model or the accelerator cannot be used.
        """
        config = Config(
            camera="",
            broker=None,
            model=parse_model(str(model)),
            accelerator=accelerator,
            detector=detector,
            threads=threads or default_threads(),
        )
        self._models = open_models(config)
        self._options = PipelineOptions(min_face=min_face, min_score=min_score)
        self._pictures = self._pipeline()
        self.labels = tuple(self._models.classifier.labels)

    def read(self, picture: Picture) -> list[Face]:
        """Detect and classify the faces of a picture, the largest first.

        Args:
            picture: A file, or an array, uint8: grey [H,W], or BGR [H,W,3] as OpenCV reads it.

        Raises:
            FerError: The file is not a picture that can be read.
            TypeError: The array is not of that kind.
        """
        grey = _grey(picture)
        self._pictures.step(Frame(grey, time=0.0, number=0, still=True))
        faces = sorted(self._pictures.tracked_faces, key=lambda face: -face.box.w)
        return [self._face(face, number) for number, face in enumerate(faces, 1)]

    def watch(self, camera: str, options: CameraOptions | None = None) -> Iterator[tuple[Frame, list[Face]]]:
        """Yield each frame of a camera or a clip with its faces, until it ends or the generator is closed.

        A camera that fails is opened again; while it is unavailable there are no frames.

        Args:
            camera: A value of `--camera`: a number, a device, an address, a clip, or a folder of pictures.
            options: Size and rate of the camera, and the orientation of its images.

        Raises:
            UsageError: There is no such kind of camera, or no such file.
        """
        pipeline = self._pipeline()
        with closing(open_source(camera, options)) as source:
            for frame in source:
                if frame is not None:
                    pipeline.step(frame)
                    yield frame, [self._face(face, face.number) for face in pipeline.tracked_faces]

    def _pipeline(self) -> Pipeline:
        return Pipeline(self._models.classifier, self._options, detectors=self._models.detectors)

    def _face(self, face: TrackedFace, number: int) -> Face:
        scores = {label: float(p) for label, p in zip(self.labels, face.probabilities, strict=True)}
        emotion = None if face.emotion is None else self.labels[face.emotion]
        return Face(face.box, face.angle, emotion, face.score, scores, number, **estimate_affect(scores))


def _grey(picture: Picture) -> NDArray[np.uint8]:
    if isinstance(picture, str | Path):
        return read_grey(Path(picture))
    if not isinstance(picture, np.ndarray) or picture.dtype != np.uint8 or not picture.size:
        kind = getattr(picture, "dtype", type(picture).__name__)
        raise TypeError(f"a picture is a file or an array of uint8 with pixels, not {kind}")
    if picture.ndim == 2:
        return picture
    if picture.ndim == 3 and picture.shape[2] == 3:
        return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), np.uint8)
    raise TypeError(f"an array is grey [height,width] or BGR [height,width,3], not of shape {list(picture.shape)}")
