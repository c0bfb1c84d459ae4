"""Readers of labelled faces on disk: fer2013.csv, its FER+ votes, and folders of pictures.

What cannot be read is left out and listed in `FaceSet.damaged`; only a data set with nothing readable is an error.
"""

from __future__ import annotations

from pathlib import Path

from fer_data.dataset import FaceSet
from fer_data.readers.fer2013 import read_csv
from fer_data.readers.ferplus import AS_LABELS, read_votes
from fer_data.readers.folders import read_folders
from fer_edge.errors import DataError


def read_faces(data: Path, ferplus: Path | None = None, ferplus_as: str = AS_LABELS) -> FaceSet:
    """Read a data set; one without splits is split 8 : 1 : 1, see splits.assign_splits().

    Args:
        data: `fer2013.csv`, `icml_face_data.csv`, or a folder `ROOT/<split>/<class>/*` or `ROOT/<class>/*`.
        ferplus: `fer2013new.csv`, the votes of FER+ for the rows of fer2013.csv.
        ferplus_as: AS_LABELS: the votes replace the labels of the csv; AS_HINTS: they are kept beside them.

    Raises:
        DataError: Nothing can be read; with what is wrong and where.
    """
    if ferplus is not None and data.is_dir():
        raise DataError(f"{ferplus}: its votes go with the rows of fer2013.csv; {data} is a folder")
    if data.is_dir():
        return read_folders(data)
    return read_csv(data, None if ferplus is None else read_votes(ferplus), ferplus_as)
