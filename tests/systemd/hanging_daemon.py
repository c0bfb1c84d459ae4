"""The daemon, with a pipeline that hangs while the file /srv/hang exists."""

import time
from pathlib import Path

from fer_edge import cli, pipeline
from fer_edge.cameras.frame import Frame
from fer_edge.events import Event

step = pipeline.Pipeline.step


def hanging_step(self: pipeline.Pipeline, frame: Frame) -> list[Event]:
    while Path("/srv/hang").exists():
        time.sleep(0.1)
    return step(self, frame)


pipeline.Pipeline.step = hanging_step  # type: ignore[method-assign]
raise SystemExit(cli.main())
