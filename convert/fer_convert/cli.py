"""fer-convert: a trained model to a file for the Pi, and what that file is worth."""

from __future__ import annotations

import os
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from fer_convert import edgetpucli, judgecli
from fer_convert.check import check_model, refuse_unfit
from fer_convert.datasource import add_data_flags, faces_of
from fer_convert.drop import Drop
from fer_convert.evaluate import probabilities
from fer_data.dataset import TRAINING
from fer_edge import __version__
from fer_edge.command_line import OneLineParser, run_command
from fer_edge.errors import MissingExtraError, UsageError
from fer_edge.inference.classifier import EmotionClassifier
from fer_edge.inference.engine import open_engine
from fer_edge.inference.model_file import ModelFile, read_trained, write_model


def main(argv: Sequence[str] | None = None) -> int:
    """Run `fer-convert` and return its exit code."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    arguments = _parser().parse_args(argv)
    return run_command("fer-convert", lambda: int(arguments.run(arguments)))


def _parser() -> OneLineParser:
    parser = OneLineParser(prog="fer-convert", description=__doc__)
    parser.add_argument("--version", action="version", version=f"fer-convert {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, parser_class=OneLineParser)

    command = commands.add_parser("quantize", help="make the full-integer model file of a model that fer-train made")
    command.add_argument("model", type=Path, help="model.keras of fer-train fit")
    add_data_flags(command, "what it was trained on, a csv or a folder, as for fer-train")
    command.add_argument("--out", type=Path, required=True, help="the model file to write, e.g. fer.tflite")
    command.add_argument("--name", help="its name on its card (default: that of the file)")
    command.add_argument("--split", help="where to compare it with the float model (PublicTest, test or validation)")
    command.add_argument(
        "--max-drop", type=float, default=0.5, metavar="POINTS", help="accuracy it may lose there (%(default)s)"
    )
    command.add_argument("--allow-cpu-ops", action="store_true", help="also with operators that the Edge TPU lacks")
    command.set_defaults(run=_quantize)

    judgecli.add_commands(commands)
    edgetpucli.add_commands(commands)
    return parser


def _quantize(arguments: Namespace) -> int:
    try:
        import keras

        from fer_convert import quantize
    except ImportError as error:
        raise MissingExtraError("fer-convert", "convert", error.name) from error

    labels, training = read_trained(arguments.model)
    model = keras.saving.load_model(arguments.model, compile=False)
    faces = faces_of(arguments, labels, training)
    split = arguments.split or faces.test_split()
    judged = faces.split(split)
    if arguments.out.is_dir() or not arguments.out.parent.is_dir():
        raise UsageError(f"--out {arguments.out}: must be a file in a folder that there is")

    graph = quantize.quantize(model, quantize.representative_faces(faces.split(TRAINING)))
    draft = ModelFile(arguments.out, graph, labels, {})
    refuse_unfit(arguments.model, check_model(draft), arguments.allow_cpu_ops)
    before = model.predict(judged.pixels[..., None].astype(np.float32), batch_size=256, verbose=0)
    after = probabilities(EmotionClassifier(draft, open_engine(draft)), judged.pixels)
    compared = Drop.of(judged.labels, before, after)
    print(f"{split}, {compared}")
    compared.refuse_above(arguments.max_drop)
    card = _card(arguments.name or arguments.out.stem, training, {"split": split, **asdict(compared)})
    written = write_model(arguments.out, graph, labels, card)
    print(f"{arguments.out}: {len(graph) / 1024:.0f} KiB, full-integer, {len(labels)} classes, sha256 {written.sha256}")
    return 0


def _card(name: str, training: dict[str, Any], metrics: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": name,
        "version": __version__,
        "training": training,
        "metrics": metrics,
        # The faces of FER-2013 are framed as the detector frames a face: nothing is added around its box.
        "crop_margin": 0.0,
    }


if __name__ == "__main__":
    raise SystemExit(main())
