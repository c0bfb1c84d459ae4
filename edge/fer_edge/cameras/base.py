"""What a camera and a source of frames must provide."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from fer_edge.cameras.frame import Frame
from fer_edge.errors import FerError


class CameraError(FerError, OSError):
    """There is no camera, or it delivers nothing. Not the user's mistake: starting again later may help."""


class FrameSource(Protocol):
    """Where frames come from.

    `live` is true for a camera, whose frames pass in real time and without end: the newest is given. A file gives all.
    """

    live: bool

    @property
    def name(self) -> str:
        """Which camera or file, for a person; without any password."""
        ...

    @property
    def dropped(self) -> int:
        """Frames that passed while nobody took them."""
        ...

    @property
    def problem(self) -> str | None:
        """Why there are no frames now; None when there are."""
        ...

    def __iter__(self) -> Iterator[Frame | None]:
        """Yield frames, and None about twice a second while a camera is away.

        Raises CameraError when waiting makes no sense, DamagedError after the last frame of a damaged file.
        """
        ...

    def close(self) -> None:
        """Give the camera or file back. May be called more than once."""
        ...


class CameraImage(NamedTuple):
    """What a camera gives: `grey` and `detail` as those of a Frame, not yet turned; time on the monotonic clock."""

    grey: NDArray[np.uint8]
    detail: NDArray[np.uint8] | None
    time: float


class Camera(Protocol):
    """A camera that may fail, and may be opened again after it did. Its methods may block, and so get a thread.

    The message of a CameraError is the bare reason: whoever tells it knows which camera it is.
    """

    @property
    def name(self) -> str:
        """Which camera, for a person; without any password."""
        ...

    def open(self) -> None:
        """Start, or start anew. Raises CameraError."""
        ...

    def read(self) -> CameraImage | None:
        """Wait for the next picture, or a moment. Raises CameraError, after which `open` may be tried."""
        ...

    def close(self) -> None:
        """Give the camera back. May be called more than once."""
        ...
