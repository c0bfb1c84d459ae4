"""Several models side by side: judged on the same faces, in one class order, with what each of them costs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fer_data.classifiers import Classifier
from fer_data.data_source import DataSource, with_labels_of_model
from fer_data.dataset import FaceSet
from fer_data.metrics import Scores
from fer_data.readers.names import name_key
from fer_data.tflite_cost import macs, parameter_bytes
from fer_data.tflite_graph import read_graph
from fer_edge.errors import DataError
from fer_edge.inference.model_file import ModelFile
from fer_train.evaluation.recorded import Recorded
from fer_train.report.network_cost import network_cost
from fer_train.training.partition import TEST_SPLITS, partition


@dataclass(frozen=True)
class Cost:
    """What a model costs: the size of its file, MACs for a face, and estimated memory on the Edge TPU, bytes."""

    file_bytes: int
    macs: int
    edge_tpu_bytes: int


class Judged(NamedTuple):
    """How a model classifies the faces that all models are judged on.

    Attributes:
        scores: Its scores, in the class order of the comparison.
        correct: Whether each of the faces was classified correctly, bool [N].
    """

    scores: Scores
    correct: NDArray[np.bool_]


@dataclass(frozen=True)
class Compared:
    """A model in a comparison.

    Attributes:
        name: Its name, unique there.
        classes: How many classes it knows; the others may be predicted, too, which makes its task harder.
        cost: What it costs.
        judged: How it classifies the faces of the comparison, if there are any.
        recorded: What its own report or card records of its accuracy, if anything.
        data: The name of the data that it was trained on, if that is known.
        seconds: How long its training took, if that is known.
        history: The history.csv of its run, if there is one.
    """

    name: str
    classes: int
    cost: Cost
    judged: Judged | None = None
    recorded: Recorded | None = None
    data: str | None = None
    seconds: int | None = None
    history: Path | None = None


@dataclass(frozen=True)
class Comparison:
    """Models side by side.

    Attributes:
        models: The models, at least two.
        part: The name of the part of the data that they were judged on; "" if there are no faces for all of them.
        reason: Why there are none.
    """

    models: Sequence[Compared]
    part: str
    reason: str = ""


def read_faces(classifier: Classifier, data: Path, ferplus: Path | None) -> FaceSet:
    """The faces of a data set with the labels of a model; classes merged in its training are merged."""
    merge = tuple(classifier.training.get("merge", ()))
    return with_labels_of_model(classifier.labels, _read(DataSource(data, ferplus, merge=merge, lenient=True)))


_read = cache(DataSource.read)  # models with the same merged classes share one reading


def choose_faces(
    classifiers: Sequence[Classifier], faces: Sequence[FaceSet], data: str, split: str | None
) -> tuple[str, NDArray[np.str_]]:
    """Choose faces that no model was trained or selected on, of classes that all of them know.

    Args:
        classifiers: The models.
        faces: The data set with the labels of each.
        data: The name of the data set; a model that was trained on another one has seen none of these faces.
        split: The split to take; None for a test split that none was validated on, else the faces all held out.

    Returns:
        The name of the part, and the names of its faces.

    Raises:
        DataError: There are no such faces.
    """
    common = set.intersection(*({name_key(label) for label in model.labels} for model in classifiers))
    if len(common) < 2:
        raise DataError("there are no two classes that all of the models know")
    known = faces[0].only(np.array([name_key(label) in common for label in faces[0].classes])[faces[0].labels])
    validated = {model.training.get("validation") for model in classifiers}
    free = [split] if split else [name for name in TEST_SPLITS if name in known.splits and name not in validated]
    if free:
        return free[0], known.split(free[0]).names
    held_out = set(known.names.tolist())
    for model, own in zip(classifiers, faces, strict=True):
        if model.training.get("data") == data and (recipe := model.training.get("recipe")):
            part = partition(own, model.training.get("validation"), recipe["seed"]).validation
            held_out &= set(part.names.tolist())
    chosen = np.array([name for name in known.names.tolist() if name in held_out], known.names.dtype)
    if not len(chosen):
        raise _no_common_faces(classifiers, known)
    return "all of them" if len(chosen) == len(known) else "held out by all", chosen


def _no_common_faces(classifiers: Sequence[Classifier], known: FaceSet) -> DataError:
    watched = next((name for name in TEST_SPLITS if name in known.splits), None)
    if not watched:
        return DataError("the models hold out different faces, and there is no test split", cure="give other --data")
    names = [model.name for model in classifiers if model.training.get("validation") == watched]
    return DataError(
        f"the models hold out different faces, and {watched} was used to watch the training of {', '.join(names)}",
        cure=f"give --split {watched} to judge them on it all the same",
    )


def compare(classifiers: Sequence[Classifier], faces: Sequence[FaceSet], names: NDArray[np.str_]) -> list[Judged]:
    """Judge each model on the faces of these names.

    The classes are those of the first model in its order, then further ones of the others.
    """
    order: dict[str, str] = {}
    for model in classifiers:
        for label in model.labels:
            order.setdefault(name_key(label), label)
    keys, classes = list(order), tuple(order.values())
    results = []
    for model, own in zip(classifiers, faces, strict=True):
        judged = own.only(np.isin(own.names, names))
        index = np.array([keys.index(name_key(label)) for label in model.labels])
        labels, predicted = index[judged.labels], index[model.classify(judged.pixels).argmax(axis=1)]
        results.append(Judged(Scores.of(labels, predicted, classes), np.asarray(labels == predicted)))
    return results


def model_cost(model: Any, file: Path) -> Cost:
    """The cost of a Keras model or of a model file. Raises ValueError when its graph is damaged."""
    size = file.stat().st_size
    if not isinstance(model, ModelFile):
        cost = network_cost(model)
        return Cost(size, cost.macs, cost.edge_tpu_bytes)
    operators = read_graph(model.graph).operators
    return Cost(size, sum(map(macs, operators)), sum(map(parameter_bytes, operators)))
