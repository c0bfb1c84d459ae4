"""Pictures and clips played through a pipeline, and the events that they bring."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fer_edge.cameras.factory import open_source
from fer_edge.cameras.frame import Frame
from fer_edge.events import Event
from fer_edge.pipeline import Pipeline

FPS = 30


def play_file(pipeline: Pipeline, path: Path) -> list[Event]:
    """The events of a clip or picture."""
    events = [event for frame in open_source(str(path)) for event in pipeline.step(frame)]
    return events + pipeline.finish()


def play(pipeline: Pipeline, pictures: Iterable[NDArray[np.uint8]], start: float = 0.0) -> list[Event]:
    """The events of pictures, thirty a second."""
    frames = (Frame(picture, start + number / FPS, number) for number, picture in enumerate(pictures))
    return [event for frame in frames for event in pipeline.step(frame)]


def kinds(events: Iterable[Event]) -> list[tuple[str, int]]:
    """The type and the track of each event."""
    return [(event.type, event.track) for event in events]
