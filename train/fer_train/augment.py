"""Random changes of a face that leave its expression as it is."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from fer_train.recipe import Recipe


def augment(face: NDArray[np.uint8], recipe: Recipe, rng: np.random.Generator) -> NDArray[np.uint8]:
    """A changed copy of a grey face, uint8 [H,W]: mirrored, turned, zoomed, shifted, relit, noisy, blanked.

    The spread of zoom and shift follows that of the detector's boxes, so that the net meets in training what it will
    meet behind the camera.
    """
    height, width = face.shape
    scale, angle = 1 + rng.uniform(-recipe.zoom, recipe.zoom), rng.uniform(-recipe.rotate, recipe.rotate)
    turn = np.asarray(cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), angle, scale), np.float64)
    turn[:, 2] += rng.uniform(-recipe.shift, recipe.shift, 2) * (width, height)
    if rng.random() < 0.5:
        turn[0] = (0, 0, width - 1) - turn[0]
    moved = np.asarray(cv2.warpAffine(face, turn, (width, height), borderMode=cv2.BORDER_REFLECT_101), np.float64)

    gain = 1 + rng.uniform(-recipe.contrast, recipe.contrast)
    offset = 255 * rng.uniform(-recipe.brightness, recipe.brightness)
    mean = moved.mean()
    lit = (moved - mean) * gain + mean + offset
    if recipe.noise:
        lit += rng.normal(0, 255 * rng.uniform(0, recipe.noise), lit.shape)
    face = np.clip(lit, 0, 255).astype(np.uint8)

    if rng.random() < recipe.erase:
        _erase(face, rng)
    return face


def _erase(face: NDArray[np.uint8], rng: np.random.Generator) -> None:
    """Fill a random rectangle of `face` with noise, in place (Zhong et al., arXiv:1708.04896)."""
    height, width = face.shape
    area, aspect = rng.uniform(0.02, 0.2) * height * width, np.exp(rng.uniform(-1, 1))
    h, w = (min(side, round(float(np.sqrt(area * ratio)))) for side, ratio in ((height, aspect), (width, 1 / aspect)))
    top, left = rng.integers(height - h + 1), rng.integers(width - w + 1)
    face[top : top + h, left : left + w] = rng.integers(0, 256, (h, w))
