"""Copies of a picture within a data set: exact ones and near ones."""

from __future__ import annotations

import math
from collections import defaultdict

import cv2
import numpy as np
from numpy.typing import NDArray

from fer_data.dataset import FaceSet
from fer_edge.progress import bar

NEAR = 0.92  # cosine similarity; every pair above it in FER-2013 is one photograph, encoded or cropped again
CANDIDATE = 0.90  # likewise, of thumbnails, which blur differences that show at full size
THUMBNAIL = 16  # pixels
CHUNK = 256  # faces
MAX_PARTNERS = 64  # of one face, so that a film of one scene does not give N^2 pairs
FLAT_NORM = 1e-3


def exact_groups(faces: FaceSet) -> list[NDArray[np.int64]]:
    """Index arrays, each of two or more faces with equal pixels, in the order of their first occurrence."""
    groups: dict[int, list[int]] = defaultdict(list)
    for index, digest in enumerate(faces.digests().tolist()):
        groups[digest].append(index)
    return [np.array(members) for members in groups.values() if len(members) > 1]


def contradicting(faces: FaceSet, groups: list[NDArray[np.int64]]) -> list[NDArray[np.int64]]:
    """The groups of copies whose labels are not all the same."""
    return [group for group in groups if len(np.unique(faces.labels[group])) > 1]


def near_pairs(pixels: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Pairs of faces, uint8 [N,48,48], that are one picture with another brightness, encoding or slightly other crop.

    The measure is the cosine of the angle between the pictures as vectors of mean 0 (normalized cross-correlation),
    first of thumbnails, chunk by chunk, then of the pictures themselves. Exact copies are not among them; flat pictures
    are near copies of nothing.

    Returns:
        Indices [M,2], first < second; a face is the first in at most MAX_PARTNERS pairs.
    """
    thumbnails = np.array([cv2.resize(face, (THUMBNAIL, THUMBNAIL), interpolation=cv2.INTER_AREA) for face in pixels])
    units = _unit_vectors(thumbnails)
    found = [np.empty((0, 2), np.int64)]
    for start in bar(range(0, len(units), CHUNK), "find near copies", "chunk"):
        similar = units[start : start + CHUNK] @ units[start:].T >= CANDIDATE
        similar = np.triu(similar, 1)
        first, second = np.nonzero(similar & (np.cumsum(similar, axis=1, dtype=np.int32) <= MAX_PARTNERS))
        pairs = np.stack([first, second], axis=1) + start
        found.append(pairs[_confirmed(pixels[pairs[:, 0]], pixels[pairs[:, 1]])])
    return np.concatenate(found)


def _unit_vectors(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The pictures as vectors of mean 0 and length 1, float32 [N,D]; a flat one is 0."""
    vectors = pixels.reshape(len(pixels), math.prod(pixels.shape[1:])).astype(np.float32)
    vectors -= vectors.mean(axis=1, keepdims=True)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > FLAT_NORM)


def _confirmed(left: NDArray[np.uint8], right: NDArray[np.uint8]) -> NDArray[np.bool_]:
    similar = np.einsum("nd,nd->n", _unit_vectors(left), _unit_vectors(right)) >= NEAR
    return np.asarray(similar & (left != right).any(axis=(1, 2)), bool)
