"""Draws the README's picture: a frame of the shipped clip with what the pipeline says of it."""

from __future__ import annotations

from pathlib import Path

import cv2

from fer_edge.accelerator import open_engine
from fer_edge.config import DEFAULT_MODEL
from fer_edge.emotions import EmotionClassifier
from fer_edge.faces import FaceDetector
from fer_edge.frames import VideoFile
from fer_edge.modelfile import read_model
from fer_edge.pipeline import Pipeline
from fer_edge.tracks import Tracker

MEDIA = Path(__file__).parent / "media"
CLIP = MEDIA / "intel_walking_and_pause.mp4"
FRAME = 24
SCALE = 2
GREEN = (90, 220, 90)


def main() -> None:
    """Play the clip up to one frame and draw its faces."""
    model = read_model(DEFAULT_MODEL)
    tracker = Tracker()
    pipeline = Pipeline(FaceDetector(), EmotionClassifier(model, open_engine(model)), tracker)
    for frame in VideoFile(CLIP):
        pipeline.step(frame)
        if frame.number == FRAME:
            break
    capture = cv2.VideoCapture(str(CLIP))
    capture.set(cv2.CAP_PROP_POS_FRAMES, FRAME)
    picture = cv2.resize(capture.read()[1], None, fx=SCALE, fy=SCALE, interpolation=cv2.INTER_CUBIC)
    for track in tracker.faces:
        x, y, w, h = (SCALE * value for value in track.box)
        cv2.rectangle(picture, (x, y), (x + w, y + h), GREEN, 2, cv2.LINE_AA)
        text = f"{track.number}: {model.labels[track.emotion]} {track.probabilities[track.emotion]:.0%}"
        cv2.putText(picture, text, (x, y - 8), cv2.FONT_HERSHEY_SIMPLEX, 0.6, GREEN, 2, cv2.LINE_AA)
    cv2.imwrite(str(MEDIA / "readme.jpg"), picture)


if __name__ == "__main__":
    main()
