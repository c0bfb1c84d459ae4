"""Checks the model file, and opens it on the accelerator."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from fer_edge.config.model import Config
from fer_edge.diagnostics.finding import Finding, ok, warn
from fer_edge.inference import selection
from fer_edge.inference.model_file import read_model


def check_model(config: Config) -> Finding:
    """Check that the file is complete, matches its checksum and names its classes. Raises ModelError."""
    model = read_model(config.model)
    return ok(f"{model.name}, sha256 {model.sha256[:12]}: {', '.join(model.labels)}")


def check_accelerator(config: Config) -> Finding:
    """Find out what the model runs on; it is tried in a process of its own. Raises ModelError, AcceleratorError."""
    with _heard(selection.log) as said:
        _, engine = selection.select_engine(config.model, config.accelerator, config.threads)
    return warn("; ".join([engine.runs_on, *said])) if said else ok(engine.runs_on)


@contextmanager
def _heard(log: logging.Logger) -> Iterator[list[str]]:
    """What a log says meanwhile."""
    said: list[str] = []
    listener = logging.Handler()
    listener.emit = lambda record: said.append(record.getMessage())  # type: ignore[method-assign]
    log.addHandler(listener)
    try:
        yield said
    finally:
        log.removeHandler(listener)
