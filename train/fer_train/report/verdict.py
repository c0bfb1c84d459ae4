"""What the accuracy of a model is worth: how far it may be off, whether it is better than guessing, and if not why."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from fer_data.formatting import counted, percent, printable
from fer_data.metrics import Scores
from fer_train.report.history import read_epochs

ONE_CLASS = 0.95  # share of the predictions from which on a model is reported to predict one class only
FEW_STEPS = 500  # of the optimizer; a network from random weights has learnt little before
FEW_TRAINING_FACES = 50  # of a class
LEARNT = 0.9  # accuracy on the training faces
GAIN = 0.1  # accuracy beyond chance from which on more faces may well prove a model better than guessing


@dataclass(frozen=True)
class Judgement:
    """What a model is worth on one part of its data.

    Attributes:
        part: The name of the part.
        scores: Its scores there.
        causes: If it is no better than guessing, the likely causes.
    """

    part: str
    scores: Scores
    causes: tuple[str, ...] = ()

    @property
    def guessing(self) -> bool:
        """Whether the accuracy is within its 95 % interval of that of guessing, see Scores.chance."""
        return self.scores.interval[0] <= self.scores.chance

    @property
    def error(self) -> str:
        """How far the accuracy may be off, by its 95 % interval: `the figure may be 12 points off`."""
        low, high = self.scores.interval
        points = 100 * max(self.scores.accuracy - low, high - self.scores.accuracy)
        return f"the figure may be {points:.{int(points < 9.5)}f} points off"

    @property
    def worth(self) -> str:
        """Whether the model is better than guessing."""
        return f"{'no better' if self.guessing else 'better'} than guessing ({percent(self.scores.chance)})"

    def rows(self) -> list[tuple[str, str]]:
        """The accuracy with what it is worth, and each likely cause, as rows of a table of two columns."""
        right, faces = percent(self.scores.accuracy), counted(self.scores.count, "face")
        return [
            (printable(self.part), f"{right} right; {faces}: {self.error}; {self.worth}"),
            *(("likely because", cause) for cause in self.causes),
        ]


@dataclass(frozen=True)
class TrainingFacts:
    """What may explain a model that is no better than guessing.

    Attributes:
        smallest: The class with the fewest training faces, and how many it has.
        accuracy: The share of the training faces, 0..1, that were classified correctly in the last epoch.
        steps: How often the weights were updated.
        average: The momentum of their moving average.
        stopped: Whether early stopping ended the run before its last epoch.
    """

    smallest: tuple[str, int]
    accuracy: float
    steps: int
    average: float
    stopped: bool = False


def read_training_facts(run: Path) -> TrainingFacts | None:
    """The facts of a run from its run.json, recipe.json and history.csv; None when they are not all there."""
    try:
        counts = json.loads((run / "run.json").read_text())["faces"]["training"]
        recipe = json.loads((run / "recipe.json").read_text())
        epochs = [epoch["accuracy"] for epoch in read_epochs(run / "history.csv")]
        by_class = {name: sum(row[name] for row in counts.values()) for name in next(iter(counts.values()))}
        smallest = min(by_class, key=lambda name: by_class[name])
        steps = len(epochs) * max(1, sum(by_class.values()) // int(recipe["batch"]))
        stopped = bool(recipe["patience"]) and len(epochs) < int(recipe["epochs"])
        return TrainingFacts((smallest, by_class[smallest]), epochs[-1], steps, float(recipe["average"]), stopped)
    except (OSError, ValueError, LookupError, TypeError, StopIteration):
        return None


def judge(parts: Sequence[tuple[str, Scores]], training: TrainingFacts | None) -> tuple[Judgement, ...]:
    """Judge a model by its scores on parts of its data, of which the first one was used to watch the training."""
    judgements: list[Judgement] = []
    for part, scores in parts:
        judgement = Judgement(part, scores)
        if judgement.guessing and not judgements:
            judgement = Judgement(part, scores, tuple(_causes(scores, training)))
        elif judgement.guessing and not judgements[0].guessing:
            another_kind = (f"its faces are of another kind than those {judgements[0].part}",)
            judgement = Judgement(part, scores, tuple(_causes(scores, None)) or another_kind)
        judgements.append(judgement)
    return tuple(judgements)


def _causes(scores: Scores, training: TrainingFacts | None) -> Iterator[str]:
    """The likely causes: what the model does, then what is the first thing to change."""
    predicted = scores.confusion.sum(axis=0)
    share = predicted.max() / max(1, scores.count)
    if share >= ONE_CLASS:
        yield f"it predicts {scores.classes[predicted.argmax()]} for {percent(share, 0)} of the faces"
    if scores.accuracy - scores.chance > GAIN:  # and yet within the interval
        yield "there are too few faces to judge it on"
    elif training:
        yield _training_cause(training)


def _training_cause(training: TrainingFacts) -> str:
    name, count = training.smallest
    averaged = round(1 / (1 - training.average))
    longer = "a larger --patience" if training.stopped else "more --epochs"
    if training.steps < 2 * averaged:
        return (
            f"its weights are an average over about {averaged:,} steps, and it was trained for {training.steps:,} only "
            f"(give a smaller --batch, a smaller --average or {longer})"
        )
    if training.steps < FEW_STEPS:
        return f"it was trained for {training.steps:,} steps only (give a smaller --batch or {longer})"
    if training.accuracy >= LEARNT:
        return (
            f"it has memorised its training faces ({percent(training.accuracy)} of them right): more of them are "
            "needed, or those it is judged on are of another kind"
        )
    if count < FEW_TRAINING_FACES:
        return f"there are only {counted(count, 'training face')} of {name} (add some, or give --weights base)"
    return (
        f"it has not learnt its training faces either ({percent(training.accuracy)} of them right): the labels may "
        "not belong to the pictures, or --learning-rate is too high or too low"
    )
