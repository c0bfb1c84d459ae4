"""The findings on a data set as inspect.json, plots, and one page that shows them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from fer_data.dataset import FaceSet
from fer_train.copies import NEAR
from fer_train.inspection import Inspection, Matrix, Pair, spread
from fer_train.page import Section, Table, write_page
from fer_train.quality import BLURRED, FLAT, TINY
from fer_train.sheets import draw_balance, draw_grid, draw_samples, draw_sizes, side_by_side

PAIRS = 24
SINGLES = 40
NAME = 22  # characters of a caption
DEFECTS = {
    "flat": f"Hardly any contrast: a standard deviation under {FLAT:g} grey values.",
    "blurred": f"A sharpness (variance of the Laplacian by that of the picture) under {BLURRED:g}.",
    "tiny": f"The shorter side of the original is under {TINY} pixels.",
    "faceless": "The device's own detector finds no face. It misses nearly one tightly cut face in four, those turned "
    "or covered by hands, so look before you reject.",
}


def write_inspection(found: Inspection, data: Path, out: Path) -> None:
    """Write inspect.json, the PNG files and inspect.html into the folder `out`, which must be there."""
    (out / "inspect.json").write_text(json.dumps({"data": data.name, **found.as_json()}, indent=1) + "\n")
    sections = [_balance(found, out), _samples(found, out), _sizes(found, out)]
    sections += [_copies(found, out), _near(found, out), _contradictions(found, out)]
    sections += [_defect(found, name, out) for name in found.masks]
    sections.append(_damaged(found.faces))
    summary = f"{len(found.faces):,} faces of {len(found.faces.classes)} classes in {data.name}"
    write_page(out / "inspect.html", f"Inspection of {data.name}", summary, sections)


def _balance(found: Inspection, out: Path) -> Section:
    counts = found.counts()
    draw_balance(counts, out / "balance.png")
    rows = [
        [name, *(f"{row[name]:,}" for row in counts.values()), f"{sum(row[name] for row in counts.values()):,}"]
        for name in found.faces.classes
    ]
    rows.append(["all", *(f"{sum(row.values()):,}" for row in counts.values()), f"{len(found.faces):,}"])
    figure = (out / "balance.png", "Faces of each class in each split")
    return Section("Balance", figures=[figure], table=Table(["class", *counts, "all"], rows))


def _samples(found: Inspection, out: Path) -> Section:
    draw_samples(found.faces, out / "samples.png")
    return Section("Samples", figures=[(out / "samples.png", "Faces of each class, picked by chance")])


def _sizes(found: Inspection, out: Path) -> Section:
    sizes, counts = np.unique(found.sizes, axis=0, return_counts=True)
    common = np.argsort(-counts, kind="stable")[:10]
    rows = [[f"{sizes[index][0]} x {sizes[index][1]}", f"{counts[index]:,}"] for index in common]
    several = "s, width x height in pixels" if len(sizes) > 1 else ""
    text = f"Originals of {len(sizes):,} size{several}{'; the ten commonest' * (len(sizes) > 10)}."
    figures = []
    if len(sizes) > 1:
        draw_sizes(found.sizes, out / "sizes.png")
        figures.append((out / "sizes.png", "Shorter sides of the originals"))
    return Section("Sizes", text, figures, Table(["size", "pictures"], rows))


def _copies(found: Inspection, out: Path) -> Section:
    across, within = found.exact_pairs(across=True), found.exact_pairs(across=False)
    figures = [
        *_pairs(found.faces, across, out / "copies_across.png", "Exact copies across splits"),
        *_pairs(found.faces, within, out / "copies_within.png", "Exact copies within a split"),
    ]
    text = f"{sum(map(len, found.groups)):,} faces in {len(found.groups):,} groups of equal pixels. The table counts "
    text += "faces of the split on the left that have a copy in the one above."
    return Section("Exact copies", text, figures, _matrix(found.exact_matrix()))


def _near(found: Inspection, out: Path) -> Section:
    splits = found.faces.splits
    pairs: list[Pair] = [(int(first), int(second)) for first, second in found.near]
    across = [pair for pair in pairs if splits[pair[0]] != splits[pair[1]]]
    within = [pair for pair in pairs if splits[pair[0]] == splits[pair[1]]]
    figures = [
        *_pairs(found.faces, across, out / "near_across.png", "Near copies across splits"),
        *_pairs(found.faces, within, out / "near_within.png", "Near copies within a split"),
    ]
    text = f"{len(pairs):,} pairs with a correlation of {NEAR:g} or more: one picture encoded, lit or cropped anew. "
    text += "The table counts faces of the split on the left that have a near copy in the one above."
    return Section("Near copies", text, figures, _matrix(found.near_matrix()))


def _contradictions(found: Inspection, out: Path) -> Section:
    figures = _pairs(
        found.faces, found.contradicting_pairs(), out / "contradictions.png", "Equal, labelled differently"
    )
    text = f"{len(found.contradictions):,} groups of exact copies whose labels differ."
    return Section("Contradicting labels", text, figures)


def _defect(found: Inspection, name: str, out: Path) -> Section:
    members = np.flatnonzero(found.masks[name]).tolist()
    figures = []
    if members:
        chosen = spread(members, SINGLES)
        captions = [_caption(found.faces, index) for index in chosen]
        draw_grid([found.faces.pixels[index] for index in chosen], captions, out / f"{name}.png", 10)
        figures.append((out / f"{name}.png", f"{len(chosen)} of {len(members):,}"))
    return Section(name.capitalize(), f"{len(members):,} pictures. {DEFECTS[name]}", figures)


def _damaged(faces: FaceSet) -> Section:
    table = Table(["what and why"], [[line] for line in faces.damaged[:100]]) if faces.damaged else None
    return Section("Damaged", f"{len(faces.damaged):,} rows or files that cannot be read whole.", table=table)


def _pairs(faces: FaceSet, pairs: Sequence[Pair], out: Path, what: str) -> list[tuple[Path, str]]:
    if not pairs:
        return []
    chosen = spread(pairs, PAIRS)
    pictures = [side_by_side(faces.pixels[first], faces.pixels[second]) for first, second in chosen]
    draw_grid(pictures, [_pair_caption(faces, *pair) for pair in chosen], out, 6)
    return [(out, f"{what}: {len(chosen)} of {len(pairs):,}")]


def _pair_caption(faces: FaceSet, first: int, second: int) -> str:
    return "\n".join(
        f"{faces.splits[index]} {faces.classes[faces.labels[index]]}, {_short(str(faces.names[index]))}"
        for index in (first, second)
    )


def _caption(faces: FaceSet, index: int) -> str:
    return f"{faces.classes[faces.labels[index]]}\n{_short(str(faces.names[index]), 16)}"


def _short(name: str, length: int = NAME) -> str:
    """The end of a long path, which tells pictures apart."""
    name = name.rsplit("/", 1)[-1].replace("$", r"\$")
    return name if len(name) <= length else "…" + name[1 - length :]


def _matrix(matrix: Matrix) -> Table:
    return Table(["", *matrix], [[split, *(f"{count:,}" for count in row.values())] for split, row in matrix.items()])
