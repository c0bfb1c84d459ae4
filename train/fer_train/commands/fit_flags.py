"""The flags of fer-train fit."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from fer_data.data_source import add_source_flags
from fer_edge.command_line import OneLineParser
from fer_edge.config.model import SHIPPED, parse_model
from fer_train.architectures.registry import ARCHITECTURES
from fer_train.recipe import AUGMENTATIONS, PRECISIONS, Recipe, help_texts
from fer_train.training.recipe_defaults import DERIVED


def add_fit_flags(parser: OneLineParser) -> None:
    """Add the flags that describe the data, the run and the recipe."""
    _add_data_flags(parser)
    parser.add_argument(
        "--out", type=Path, help="folder of the run: model.keras, history.csv, metrics.json, report.html"
    )
    parser.add_argument(
        "--resume", type=Path, metavar="RUN", help="resume the run in this folder, as it was configured"
    )
    parser.add_argument(
        "--teacher",
        type=parse_model,
        action="append",
        default=[],
        metavar="MODEL",
        help="a model whose predictions for the same pixels soften the targets: an earlier run, its model.keras, a "
        f".tflite of fer-convert quantize, or a shipped one ({', '.join(SHIPPED)}); may be repeated",
    )
    parser.add_argument(
        "--folds", type=int, default=0, metavar="K", help="K-fold cross-validation on Training, instead of one run"
    )
    parser.add_argument(
        "--find-learning-rate",
        action="store_true",
        help="instead of a run, train for a few steps at rising learning rates, plot the loss and suggest a rate",
    )
    parser.add_argument(
        "--distribute",
        metavar="WHERE",
        help="HOST:PORT,COUNT,INDEX: this is process INDEX of COUNT, the first listens on HOST:PORT; or auto: the "
        "variables KERAS_DISTRIBUTION_*, else all devices of this machine (JAX backend)",
    )
    parser.add_argument(
        "--workers",
        type=int,
        default=0,
        metavar="N",
        help="processes that augment the faces, for a GPU that waits for them; the result is the same (default: 0, a "
        "thread of this process)",
    )
    parser.add_argument(
        "--tensorboard",
        action="store_true",
        help="also log to the folder tensorboard of the run, for TensorBoard (needs the extra tensorboard)",
    )
    _add_recipe_flags(parser)


def _add_data_flags(parser: OneLineParser) -> None:
    parser.add_argument(
        "--data", type=Path, help="fer2013.csv, icml_face_data.csv, or a folder ROOT/[<split>/]<class>/*"
    )
    add_source_flags(parser)
    parser.add_argument(
        "--validation",
        help="the split to validate on, or the share of Training to hold out for it, e.g. 0.2 "
        "(default: the split validation if it exists, else 0.1)",
    )
    parser.add_argument(
        "--keep-copies", action="store_true", help="train on exact copies of faces of other splits, too"
    )


def _add_recipe_flags(parser: OneLineParser) -> None:
    group = parser.add_argument_group("recipe")
    choices = {"model": ARCHITECTURES, "precision": PRECISIONS, "augment": AUGMENTATIONS}
    texts = help_texts()
    for field in dataclasses.fields(Recipe):
        default = f"by the number of faces, {field.default} for many" if field.name in DERIVED else field.default
        listed = f"; one of {', '.join(choices[field.name])}" if field.name in choices else ""
        text = f"{texts[field.name]}{listed} (default: {default})".replace("%", "%%")
        flag = "--" + field.name.replace("_", "-")
        group.add_argument(flag, type=type(field.default), metavar="X", help=text)
