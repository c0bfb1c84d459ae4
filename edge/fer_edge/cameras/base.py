"""The interfaces of a camera and of a source of frames, and what the registry knows about each kind of source."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from fer_edge.cameras.frame import Colour, Frame
from fer_edge.config.camera import CameraOptions
from fer_edge.errors import FerError, Problem

POLL_INTERVAL = 0.5  # seconds without a frame after which a live source yields None
FRAME_TIMEOUT = 2.0  # seconds without a frame after which a problem is reported


class CameraError(FerError, OSError):
    """There is no camera, or it delivers nothing. Not the user's mistake: opening it again later may help."""


class FrameSource(Protocol):
    """Where frames come from.

    Attributes:
        live: Whether it is a camera, which never ends and yields only the newest frame. A file yields every frame.
        keeps_colour: Whether frames have their `colour`, if there is any. Set while there are viewers, in any thread;
            it takes effect with the next frame that is captured. A source that has it at no cost ignores it.
    """

    live: bool
    keeps_colour: bool

    @property
    def name(self) -> str:
        """Human-readable name of the camera or file; never contains a password."""
        ...

    @property
    def dropped(self) -> int:
        """How many frames were replaced by a newer one before they were processed."""
        ...

    @property
    def problem(self) -> Problem | None:
        """Why there are no frames at present; None when there are."""
        ...

    def __iter__(self) -> Iterator[Frame | None]:
        """Yield frames, and None about twice a second while a camera is unavailable or a file is checked.

        Raises:
            CameraError: Waiting any longer is pointless.
            DamagedError: The file is damaged; raised after its last readable frame.
        """
        ...

    def close(self) -> None:
        """Release the camera or file. Safe to call more than once."""
        ...


class CameraImage(NamedTuple):
    """An image as the camera delivers it.

    Attributes:
        grey: uint8 [H,W], the image to search for faces.
        detail: uint8 [H,W], the same image in a larger size to crop faces from, or None when `grey` is all there is.
        time: When it was received, seconds of the monotonic clock.
        colour: As in Frame, but not oriented.
    """

    grey: NDArray[np.uint8]
    detail: NDArray[np.uint8] | None
    time: float
    colour: Colour | None = None


class Camera(Protocol):
    """A camera that may fail, and can be opened again afterwards. Its methods may block and run in their own thread.

    The message of a CameraError contains only the reason; the caller prepends the camera's name.

    Attributes:
        keeps_colour: As of a FrameSource.
    """

    keeps_colour: bool

    @property
    def name(self) -> str:
        """Human-readable name of the camera; never contains a password."""
        ...

    def open(self) -> None:
        """Start the camera, or restart it. Raises CameraError."""
        ...

    def read(self) -> CameraImage | None:
        """Wait for the next image; None if none arrives within about half a second.

        Raises CameraError, after which `open` has to be called again.
        """
        ...

    def close(self) -> None:
        """Release the camera. Safe to call more than once."""
        ...


@dataclass(frozen=True)
class SourceKind:
    """A kind of camera or file: one entry in the registry of `cameras.factory`.

    Attributes:
        name: Key of its help text in `config.camera.SOURCE_KINDS`.
        matches: Whether a value of `--camera` is of this kind.
        open: Makes the source of frames for such a value. A camera is opened later, at its first frame. Raises
            UsageError when the value is malformed, or names something that can never be a camera.
        uses_devices: Whether it needs access to device nodes of V4L2 or libcamera under /dev.
    """

    name: str
    matches: Callable[[str], bool]
    open: Callable[[str, CameraOptions], FrameSource]
    uses_devices: bool = False
