"""Augmentation: random changes of a face that leave its expression as it is."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from fer_train.recipe import Recipe

Face = NDArray[np.uint8]


def augment(face: Face, recipe: Recipe, rng: np.random.Generator) -> Face:
    """A changed copy of a grey face, uint8 [H,W].

    The ranges of zoom, shift and rotation cover how the device's crops of a face vary. When the face network searches
    other squares around a face, nine in ten boxes stay within 0.045 of its width, 11 % of its size and 4.5 degrees
    (280 searches in photographs and clips). The pictures of FER-2013 vary more by themselves: their standard deviation
    from the aligned crop of the same face is 0.06 of the width, 17 % of the size and 11 degrees (1,406 faces).
    """
    face = _adjust_light(_transform(face, recipe, rng), recipe, rng)
    if rng.random() < recipe.erase:
        _erase(face, rng)
    return face


def _transform(face: Face, recipe: Recipe, rng: np.random.Generator) -> NDArray[np.float64]:
    """Zoom, rotate, shift and perhaps mirror a face."""
    height, width = face.shape
    scale, angle = 1 + rng.uniform(-recipe.zoom, recipe.zoom), rng.uniform(-recipe.rotate, recipe.rotate)
    matrix = np.asarray(cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), angle, scale), np.float64)
    matrix[:, 2] += rng.uniform(-recipe.shift, recipe.shift, 2) * (width, height)
    if rng.random() < recipe.mirror:
        matrix[0] = (0, 0, width - 1) - matrix[0]
    return np.asarray(cv2.warpAffine(face, matrix, (width, height), borderMode=cv2.BORDER_REFLECT_101), np.float64)


def _adjust_light(face: NDArray[np.float64], recipe: Recipe, rng: np.random.Generator) -> Face:
    """Change contrast and brightness, and add noise."""
    gain = 1 + rng.uniform(-recipe.contrast, recipe.contrast)
    offset = 255 * rng.uniform(-recipe.brightness, recipe.brightness)
    mean = face.mean()
    lit = (face - mean) * gain + mean + offset
    if recipe.noise:
        lit += rng.normal(0, 255 * rng.uniform(0, recipe.noise), lit.shape)
    return np.asarray(np.clip(lit, 0, 255), np.uint8)


def _erase(face: Face, rng: np.random.Generator) -> None:
    """Fill a random rectangle of `face` with noise, in place (Zhong et al., arXiv:1708.04896)."""
    height, width = face.shape
    area, aspect = rng.uniform(0.02, 0.2) * height * width, np.exp(rng.uniform(-1, 1))
    h, w = (min(side, round(float(np.sqrt(area * ratio)))) for side, ratio in ((height, aspect), (width, 1 / aspect)))
    top, left = rng.integers(height - h + 1), rng.integers(width - w + 1)
    face[top : top + h, left : left + w] = rng.integers(0, 256, (h, w))
