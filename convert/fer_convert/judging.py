"""From model files to a comparison: what each says of the faces, and what that is worth."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_convert.comparison import Judged
from fer_convert.evaluate import evaluate, probabilities
from fer_data.dataset import SIDE, TRAINING, FaceSet
from fer_edge.errors import MissingExtraError, UsageError
from fer_edge.inference.classifier import EmotionClassifier
from fer_edge.inference.engine import open_engine
from fer_edge.inference.model_file import ModelFile, read_trained

FindFaces = Callable[[tuple[str, ...], dict[str, Any]], FaceSet]


@dataclass(frozen=True)
class Contender:
    """A model to be judged. `answer` gives probabilities, float32 [N,classes], of faces, uint8 [N,48,48]."""

    name: str
    labels: tuple[str, ...]
    training: dict[str, Any]
    facts: dict[str, str]
    answer: Callable[[NDArray[np.uint8]], NDArray[np.float32]]

    def judge(self, faces: FaceSet, split: str) -> Judged:
        """Its worth on a split of `faces`, which are in terms of its labels. Raises DataError without such a split."""
        judged, digests = faces.split(split), faces.digests()
        new = ~np.isin(digests[faces.splits == split], digests[faces.splits == TRAINING])
        return Judged(self.name, self.facts, evaluate(self.answer(judged.pixels), judged, new))


def names_of(models: Sequence[ModelFile]) -> list[str]:
    """What to call each: the name on its card, or its path where several have that name."""
    count = Counter(model.name for model in models)
    return [model.name if count[model.name] == 1 else str(model.path) for model in models]


def on_device(model: ModelFile, name: str, runtime: str | None = None) -> Contender:
    """A quantized model, run by the device's own classifier.

    Raises ModelError, AcceleratorError or UsageError where it cannot run here, or takes faces of another size.
    """
    classifier = EmotionClassifier(model, open_engine(model, runtime=runtime))
    if classifier.side != SIDE:
        size = f"{classifier.side}x{classifier.side}"
        raise UsageError(f"model {model.path}: it takes faces of {size}, and those of the data are {SIDE}x{SIDE}")
    facts = {"file": model.path.name, "sha256": model.sha256, "runs_on": classifier.runs_on}
    return Contender(
        name, model.labels, model.card.get("training", {}), facts, lambda pixels: probabilities(classifier, pixels)
    )


def in_float(path: Path) -> Contender:
    """A model.keras of `fer-train fit`. Raises UsageError for any other file, MissingExtraError without Keras."""
    labels, training = read_trained(path)
    try:
        import keras
    except ImportError as error:
        raise MissingExtraError("fer-convert", "convert", error.name) from error
    model = keras.saving.load_model(path, compile=False)

    def answer(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        return np.asarray(model.predict(pixels[..., None].astype(np.float32), batch_size=256, verbose=0), np.float32)

    return Contender("float", labels, training, {"file": path.name, "runs_on": f"keras {keras.__version__}"}, answer)


def compare(contenders: Sequence[Contender], find_faces: FindFaces, split: str | None) -> tuple[str, list[Judged]]:
    """Judge each on its own terms, all on the same split: PublicTest, test or validation unless it is given.

    `find_faces` gives the faces in terms of labels and of how a model was trained. Raises what it raises, and DataError
    where there is no such split. Returns the split and the judgements, in order.
    """
    faces = [find_faces(contender.labels, contender.training) for contender in contenders]
    split = split or faces[0].test_split()
    return split, [contender.judge(known, split) for contender, known in zip(contenders, faces, strict=True)]
