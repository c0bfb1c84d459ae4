"""The face network with one grey channel in place of three equal ones, which saves an eighth of its time.

A convolution adds up its input channels: where they are equal, one with the sums of their weights gives the same.
"""

from __future__ import annotations

import math
import struct

import numpy as np

INPUT_SHAPE = (1, 128, 128, 3)
KERNEL_SHAPE = (24, 5, 5, 3)  # of the first convolution: output channels, rows, columns, input channels


def with_grey_input(graph: bytes) -> bytes:
    """Change the graph of the face network so that it takes one channel.

    In a TFLite flatbuffer, a shape is a count and as many int32, and weights are their size in bytes and their values.
    Those that are changed here occur nowhere else in the published file, in which the kernel is float16.

    Args:
        graph: The published file, whose sha256 has been checked.

    Returns:
        A graph of the same size for pictures [1,128,128,1]. Its outputs differ by the rounding of the sums to float16.
    """
    for shape in (INPUT_SHAPE, KERNEL_SHAPE):
        graph = graph.replace(_shape(*shape), _shape(*shape[:-1], 1))
    count = math.prod(KERNEL_SHAPE)
    size_at = graph.index(struct.pack("<I", 2 * count))
    kernel = np.frombuffer(graph, "<f2", count, size_at + 4).reshape(KERNEL_SHAPE)
    sums = np.asarray(kernel.sum(axis=-1, dtype=np.float32), "<f2")
    changed = struct.pack("<I", sums.nbytes) + sums.tobytes()
    return graph[:size_at] + changed + graph[size_at + len(changed) :]


def _shape(*sides: int) -> bytes:
    return struct.pack(f"<{len(sides) + 1}i", len(sides), *sides)
