"""The form of the models that can be adopted: one grey or RGB face in, one score for each label out."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

CHANNELS = (1, 3)

Shape = Sequence[int | None]  # None or -1 where a size is open


def form_problems(face: Shape, scores: Shape, labels: Sequence[str]) -> list[str]:
    """Why a model with this input and output cannot be adopted, a phrase each; empty if it can."""
    return [*_input_problems(_listed(face)), *_output_problems(_listed(scores), labels)]


def _listed(shape: Shape) -> list[int]:
    return [-1 if size is None else int(size) for size in shape]


def _input_problems(face: list[int]) -> Iterator[str]:
    if len(face) != 4:
        yield f"its input is {face}, expected [1, side, side, 1 or 3] (one grey or RGB face)"
        return
    _, height, width, channels = face
    if height in CHANNELS and width == channels:
        yield f"its input is {face}, channels first: export it with channels last, as onnx2tf does"
    elif min(height, width) < 0:
        yield f"its input is {face}, without a fixed size: give --side for a Keras model"
    elif height != width or channels not in CHANNELS:
        yield f"its input is {face}, expected [1, side, side, 1 or 3] (one grey or RGB face)"


def _output_problems(scores: list[int], labels: Sequence[str]) -> Iterator[str]:
    count = math.prod(scores[1:])
    if not labels:
        yield f"it has no labels: give its {count} classes with --labels A,B,... in output order"
    elif count != len(labels) and not (count == 1 and len(labels) == 2):
        yield f"its output is {scores}, {count} values for {len(labels)} labels ({', '.join(labels)})"
