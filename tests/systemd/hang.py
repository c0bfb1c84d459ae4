"""The daemon, whose work on a frame never ends as long as there is a certain file."""

import time
from pathlib import Path

from fer_edge import cli, pipeline
from fer_edge.cameras.frame import Frame
from fer_edge.events import Event

step = pipeline.Pipeline.step


def hangs(self: pipeline.Pipeline, frame: Frame) -> list[Event]:
    while Path("/srv/hang").exists():
        time.sleep(0.1)
    return step(self, frame)


pipeline.Pipeline.step = hangs  # type: ignore[method-assign]
raise SystemExit(cli.main())
