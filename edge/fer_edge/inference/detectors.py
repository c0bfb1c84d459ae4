"""Opens what detects faces, as the setting `faces.detector` names it."""

from __future__ import annotations

from pathlib import Path

from fer_edge.config.model import HAAR, NETWORK
from fer_edge.detection.base import Detectors
from fer_edge.inference.face_network_file import FACE_NETWORK, FaceNetworkError, open_face_network
from fer_edge.inference.selection import Platform


def open_detectors(
    name: str, platform: Platform | None = None, path: Path = FACE_NETWORK
) -> tuple[Detectors, tuple[str, ...]]:
    """Open the detectors; the Haar cascade alone where the face network cannot be used.

    Args:
        name: One of DETECTORS of `fer_edge.config.model`.
        platform: The runtimes, and how they are tried; None for this machine.
        path: The file of the face network.

    Returns:
        The detectors, and a warning of one line for whatever does not work.
    """
    if name == HAAR:
        return Detectors(), ()
    try:
        network, warnings = open_face_network(path, platform=platform)
    except FaceNetworkError as error:
        return Detectors(), (_one_line(f"faces are detected with the Haar cascade alone: {error}"),)
    return Detectors(cascade=name != NETWORK, network=network), tuple(map(_one_line, warnings))


def _one_line(text: str) -> str:
    return " ".join(text.split())
