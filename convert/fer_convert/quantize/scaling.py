"""How a network expects its pixels to be scaled."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

WHITE = 255  # the highest grey level


@dataclass(frozen=True)
class Scaling:
    """A linear scaling of grey levels.

    Attributes:
        low: What black becomes.
        high: What white becomes.
    """

    low: float
    high: float

    @property
    def step(self) -> float:
        """The difference between two grey levels."""
        return (self.high - self.low) / WHITE

    def apply(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Scale grey levels, of any shape."""
        return np.asarray(self.low + self.step * pixels.astype(np.float32), np.float32)

    def __str__(self) -> str:
        """As `--scaling` takes it."""
        return f"{self.low:.4g}..{self.high:.4g}"


GREY_LEVELS = Scaling(0, WHITE)
