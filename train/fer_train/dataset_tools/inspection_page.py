"""The findings on a data set as inspect.json, plots, and one HTML page."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np

from fer_data.dataset import FaceSet
from fer_data.formatting import counted, printable
from fer_data.plotting import short
from fer_train.dataset_tools.contact_sheets import draw_balance, draw_grid, draw_samples, draw_sizes, side_by_side
from fer_train.dataset_tools.duplicates import NEAR
from fer_train.dataset_tools.inspection import Inspection, Matrix, Pair
from fer_train.dataset_tools.quality import BLURRED, FLAT, TINY
from fer_train.dataset_tools.rejected import FACELESS
from fer_train.report.html_page import Section, Table, write_page

T = TypeVar("T")

MAX_PAIRS = 24  # on a sheet
MAX_PICTURES = 40  # on a sheet
MAX_DAMAGED = 100  # lines
MAX_COMMON_SIZES = 10
CAPTION_LENGTH = 22  # characters of a name below a pair; a single picture has less room
SINGLE_CAPTION_LENGTH = 16
DEFECTS = {
    "flat": f"Hardly any contrast: a standard deviation below {FLAT:g} grey values.",
    "blurred": f"A sharpness (variance of the Laplacian over the variance of the picture) below {BLURRED:g}.",
    "tiny": f"A shorter side of the original below {TINY} pixels.",
    FACELESS: "No face found by the detector of the device. It misses nearly one in four tightly cropped faces, "
    "those turned away or covered by hands; look at the pictures before you reject them.",
}


def write_inspection(inspection: Inspection, data: Path, out: Path) -> None:
    """Write inspect.json, PNG files and inspect.html into the existing folder `out`."""
    (out / "inspect.json").write_text(json.dumps({"data": data.name, **inspection.as_json()}, indent=1) + "\n")
    sections = [_balance(inspection, out), _samples(inspection, out), _sizes(inspection, out)]
    sections += [_copies(inspection, out), _near(inspection, out), _contradictions(inspection, out)]
    sections += [_defect(inspection, name, out) for name in inspection.masks]
    sections += [_damaged(inspection.faces), _notices(inspection.faces)]
    summary = f"{counted(len(inspection.faces), 'face')} of {len(inspection.faces.classes)} classes in {data.name}"
    write_page(out / "inspect.html", f"Inspection of {data.name}", summary, sections)


def _balance(inspection: Inspection, out: Path) -> Section:
    counts = inspection.faces.counts()
    draw_balance(counts, out / "balance.png")
    rows = [
        [name, *(f"{row[name]:,}" for row in counts.values()), f"{sum(row[name] for row in counts.values()):,}"]
        for name in inspection.faces.classes
    ]
    rows.append(["all", *(f"{sum(row.values()):,}" for row in counts.values()), f"{len(inspection.faces):,}"])
    figure = (out / "balance.png", "Number of faces of each class in each split")
    return Section("Balance", figures=[figure], table=Table(["class", *counts, "all"], rows))


def _samples(inspection: Inspection, out: Path) -> Section:
    draw_samples(inspection.faces, out / "samples.png")
    return Section("Samples", figures=[(out / "samples.png", "Random faces of each class")])


def _sizes(inspection: Inspection, out: Path) -> Section:
    sizes, counts = np.unique(inspection.sizes, axis=0, return_counts=True)
    common = np.argsort(-counts, kind="stable")[:MAX_COMMON_SIZES]
    rows = [[f"{sizes[index][0]} x {sizes[index][1]}", f"{counts[index]:,}"] for index in common]
    figures = []
    if len(sizes) > 1:
        text = f"The originals have {len(sizes):,} different sizes (width x height, pixels)"
        text += f"; the {MAX_COMMON_SIZES} most common are listed." if len(sizes) > MAX_COMMON_SIZES else "."
        draw_sizes(inspection.sizes, out / "sizes.png")
        figures.append((out / "sizes.png", "Shorter side of the originals"))
    else:
        text = "All originals have the same size (width x height, pixels)."
    return Section("Sizes", text, figures, Table(["size", "pictures"], rows))


def _copies(inspection: Inspection, out: Path) -> Section:
    across, within = inspection.exact_pairs(across=True), inspection.exact_pairs(across=False)
    figures = [
        *_pairs(inspection.faces, across, out / "copies_across.png", "Exact copies across splits"),
        *_pairs(inspection.faces, within, out / "copies_within.png", "Exact copies within a split"),
    ]
    faces, groups = sum(map(len, inspection.groups)), len(inspection.groups)
    text = f"{counted(faces, 'face')} in {counted(groups, 'group')} of equal pixels. "
    text += "The table counts the faces of the split on the left that have a copy in the split above."
    return Section("Exact copies", text, figures, _matrix(inspection.exact_matrix()))


def _near(inspection: Inspection, out: Path) -> Section:
    across, within = inspection.near_pairs(across=True), inspection.near_pairs(across=False)
    figures = [
        *_pairs(inspection.faces, across, out / "near_across.png", "Near copies across splits"),
        *_pairs(inspection.faces, within, out / "near_within.png", "Near copies within a split"),
    ]
    text = f"{counted(len(inspection.near), 'pair')} with a correlation of {NEAR:g} or more: "
    text += "one picture that was encoded, brightened or cropped differently. "
    text += "The table counts the faces of the split on the left that have a near copy in the split above."
    return Section("Near copies", text, figures, _matrix(inspection.near_matrix()))


def _contradictions(inspection: Inspection, out: Path) -> Section:
    pairs = inspection.contradicting_pairs()
    figures = _pairs(inspection.faces, pairs, out / "contradictions.png", "Exact copies with different labels")
    text = f"{counted(len(inspection.contradictions), 'group')} of exact copies with different labels."
    return Section("Contradicting labels", text, figures)


def _defect(inspection: Inspection, name: str, out: Path) -> Section:
    members = np.flatnonzero(inspection.masks[name]).tolist()
    figures = []
    if members:
        chosen = evenly_spaced(members, MAX_PICTURES)
        captions = [_caption(inspection.faces, index) for index in chosen]
        draw_grid([inspection.faces.pixels[index] for index in chosen], captions, out / f"{name}.png", 10)
        figures.append((out / f"{name}.png", f"{len(chosen)} of {len(members):,}"))
    return Section(name.capitalize(), f"{counted(len(members), 'picture')}. {DEFECTS[name]}", figures)


def _damaged(faces: FaceSet) -> Section:
    lines = faces.damaged[:MAX_DAMAGED]
    table = Table(["file or row, and reason"], [[line] for line in lines]) if lines else None
    return Section(
        "Damaged",
        f"{counted(len(faces.damaged), 'picture')} that cannot be read completely.",
        table=table,
    )


def _notices(faces: FaceSet) -> Section:
    table = Table(["how the data was read"], [[line] for line in faces.notices]) if faces.notices else None
    return Section("Notices", "" if table else "Every entry was read.", table=table)


def _pairs(faces: FaceSet, pairs: Sequence[Pair], out: Path, title: str) -> list[tuple[Path, str]]:
    if not pairs:
        return []
    chosen = evenly_spaced(pairs, MAX_PAIRS)
    pictures = [side_by_side(faces.pixels[first], faces.pixels[second]) for first, second in chosen]
    draw_grid(pictures, [_pair_caption(faces, *pair) for pair in chosen], out, 6)
    return [(out, f"{title}: {len(chosen)} of {len(pairs):,}")]


def _pair_caption(faces: FaceSet, first: int, second: int) -> str:
    return "\n".join(
        f"{faces.splits[index]} {short(faces.classes[faces.labels[index]])}, {_file_name(faces, index, CAPTION_LENGTH)}"
        for index in (first, second)
    )


def _caption(faces: FaceSet, index: int) -> str:
    return f"{short(faces.classes[faces.labels[index]])}\n{_file_name(faces, index, SINGLE_CAPTION_LENGTH)}"


def _file_name(faces: FaceSet, index: int, length: int) -> str:
    """The file name of a face; of a long one the end, where names differ."""
    name = printable(str(faces.names[index])).rsplit("/", 1)[-1]
    return name if len(name) <= length else "…" + name[1 - length :]


def _matrix(matrix: Matrix) -> Table:
    return Table(["", *matrix], [[split, *(f"{count:,}" for count in row.values())] for split, row in matrix.items()])


def evenly_spaced(items: Sequence[T], count: int) -> list[T]:
    """Up to `count` of the items, evenly spaced over all of them."""
    chosen = np.unique(np.linspace(0, len(items) - 1, min(count, len(items))).astype(int))
    return [items[index] for index in chosen]
