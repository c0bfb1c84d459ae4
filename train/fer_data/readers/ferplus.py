"""fer2013new.csv: the votes of FER+ (Barsoum et al., arXiv:1608.01041), ten people for each row of fer2013.csv."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fer_data.readers.columns import open_csv
from fer_edge.errors import DataError

FERPLUS_CLASSES = ("neutral", "happy", "surprise", "sad", "angry", "disgust", "fear", "contempt")
COLUMNS = ("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt")
AS_LABELS, AS_HINTS = "labels", "hints"  # what the votes are used as


class Votes(NamedTuple):
    """The votes on one face, as shares.

    Attributes:
        usage: The split of its row.
        answers: The raw share of each of the ten possible answers, float32 [10].
        expressions: Shares of FERPLUS_CLASSES, float32 [8]; all zero where most answered no face or unknown.
    """

    usage: str
    answers: NDArray[np.float32]
    expressions: NDArray[np.float32]


def read_votes(path: Path) -> list[Votes]:
    """The votes of each row, by the rules of the FER+ authors: a single vote for an expression does not count.

    Raises DataError for a file that is no csv of votes.
    """
    columns = ("Usage", *COLUMNS, "unknown", "NF")
    votes = []
    for line, (usage, *texts) in open_csv(path, columns).rows(columns):
        try:
            counts = np.array(texts, np.float32)
        except ValueError:
            raise DataError(f"{path}, line {line}: votes are numbers, found {', '.join(texts)}") from None
        answers = counts / max(float(counts.sum()), 1.0)
        counts[counts <= 1] = 0
        known, others = counts[: len(FERPLUS_CLASSES)], counts[len(FERPLUS_CLASSES) :]
        expressions = known / known.sum() if known.max() > others.max() else np.zeros_like(known)
        votes.append(Votes(usage.strip(), answers, expressions))
    return votes


def votes_of_row(votes: list[Votes], row: int, usage: str, path: Path) -> Votes:
    """The votes on a row of the csv `path`, from 0. Raises DataError unless they are of the same split, `usage`."""
    if row >= len(votes) or votes[row].usage != usage.strip():
        found = votes[row].usage if row < len(votes) else "nothing"
        raise DataError(f"{path}, row {row + 1} is {usage}, the votes have {found} there: they must match row by row")
    return votes[row]
