"""Pictures that a set has more than once: exact copies, and near ones."""

from __future__ import annotations

import math
from collections import defaultdict

import cv2
import numpy as np
from numpy.typing import NDArray

from fer_data.dataset import FaceSet
from fer_edge.progress import bar

NEAR = 0.92  # cosine similarity; in FER-2013 every pair seen above it was one photograph, encoded or cropped anew
CANDIDATE = 0.90  # the same for thumbnails, which blur what full size tells apart
THUMBNAIL = 16
CHUNK = 256
PARTNERS = 64  # per face, so that a film of one scene does not give N^2 pairs
FLAT_NORM = 1e-3


def exact_groups(faces: FaceSet) -> list[NDArray[np.int64]]:
    """Index arrays, each of two or more faces with equal pixels, in the order in which they first occur."""
    groups: dict[int, list[int]] = defaultdict(list)
    for index, digest in enumerate(faces.digests().tolist()):
        groups[digest].append(index)
    return [np.array(members) for members in groups.values() if len(members) > 1]


def contradicting(faces: FaceSet, groups: list[NDArray[np.int64]]) -> list[NDArray[np.int64]]:
    """Those groups of copies whose labels are not all the same."""
    return [group for group in groups if len(np.unique(faces.labels[group])) > 1]


def near_pairs(pixels: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Pairs [M,2] of faces, uint8 [N,48,48], that show one picture changed in brightness, encoding, or by a hair.

    The measure is the cosine of the angle between the pictures as vectors of mean 0 (normalized cross-correlation),
    first of thumbnails, chunk by chunk, then of the pictures themselves; first < second, and a face has at most
    PARTNERS pairs as the first. Exact copies are no near ones. Flat pictures are near nothing.
    """
    thumbnails = np.array([cv2.resize(face, (THUMBNAIL, THUMBNAIL), interpolation=cv2.INTER_AREA) for face in pixels])
    units = _units(thumbnails)
    found = [np.empty((0, 2), np.int64)]
    for start in bar(range(0, len(units), CHUNK), "look for near copies", "chunk"):
        alike = units[start : start + CHUNK] @ units[start:].T >= CANDIDATE
        alike = np.triu(alike, 1)
        first, second = np.nonzero(alike & (np.cumsum(alike, axis=1, dtype=np.int32) <= PARTNERS))
        pairs = np.stack([first, second], axis=1) + start
        found.append(pairs[_confirmed(pixels[pairs[:, 0]], pixels[pairs[:, 1]])])
    return np.concatenate(found)


def _units(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The pictures as vectors of mean 0 and length 1, float32 [N,D]; a flat one is 0."""
    vectors = pixels.reshape(len(pixels), math.prod(pixels.shape[1:])).astype(np.float32)
    vectors -= vectors.mean(axis=1, keepdims=True)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > FLAT_NORM)


def _confirmed(left: NDArray[np.uint8], right: NDArray[np.uint8]) -> NDArray[np.bool_]:
    similar = np.einsum("nd,nd->n", _units(left), _units(right)) >= NEAR
    return np.asarray(similar & (left != right).any(axis=(1, 2)), bool)
