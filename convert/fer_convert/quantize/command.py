"""fer-convert quantize: a model.keras of fer-train to a full-integer model file."""

from __future__ import annotations

import argparse
from argparse import Namespace
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from fer_convert.check.mapping import check_model, require_mappable
from fer_convert.data_flags import add_data_flags, read_faces_for
from fer_convert.min_scores import parse_min_scores
from fer_convert.output_file import check_output_file
from fer_convert.quantize.loss import QuantizationLoss
from fer_data.classifiers import probabilities
from fer_data.dataset import TRAINING
from fer_data.formatting import aligned
from fer_data.trained_model import TEMPERATURE, read_trained
from fer_edge import __version__
from fer_edge.command_line import OneLineParser
from fer_edge.errors import UsageError
from fer_edge.inference.classifier import EmotionClassifier
from fer_edge.inference.loader import open_engine
from fer_edge.inference.model_file import ModelFile, is_temperature, write_model


def add_command(commands: argparse._SubParsersAction[OneLineParser]) -> None:
    """Register `quantize`."""
    command = commands.add_parser("quantize", help="quantize a model of fer-train to a full-integer model file")
    command.add_argument("model", type=Path, help="model.keras of fer-train fit")
    add_data_flags(command, "the data it was trained on: a csv or a folder, as for fer-train")
    command.add_argument("--out", type=Path, required=True, help="the model file to write, e.g. fer.tflite")
    command.add_argument("--name", help="name of the model on its card (default: the name of the file)")
    command.add_argument(
        "--split", help="the part of the data on which to compare with the float model (PublicTest, test or validation)"
    )
    command.add_argument(
        "--max-drop", type=float, default=0.5, metavar="POINTS", help="loss of accuracy to accept there (%(default)s)"
    )
    command.add_argument(
        "--min-score",
        default="",
        metavar="CLASS=P,...",
        help="probability that a class must reach on the device to be reported; the report of the run lists some",
    )
    command.add_argument(
        "--temperature",
        type=float,
        metavar="T",
        help="what the device divides the logits by (default: what the run fitted on its held-out faces)",
    )
    command.add_argument(
        "--allow-cpu-ops", action="store_true", help="accept operators that the Edge TPU does not support"
    )
    command.set_defaults(run=_run)


def _run(arguments: Namespace) -> int:
    import keras

    from fer_convert.quantize.conversion import quantize, representative_faces

    labels, training = read_trained(arguments.model)
    min_scores = parse_min_scores(arguments.min_score, labels)
    fitted = training.pop(TEMPERATURE, 1.0)
    temperature = fitted if arguments.temperature is None else arguments.temperature
    if not is_temperature(temperature):
        raise UsageError(f"--temperature {temperature}: expected a number above 0")
    model = keras.saving.load_model(arguments.model, compile=False)
    faces = read_faces_for(arguments, labels, training)
    split = arguments.split or faces.test_split()
    test_faces = faces.split(split)
    check_output_file(arguments.out)
    print(aligned([("read", str(arguments.data)), *faces.summary()]), flush=True)

    graph = quantize(model, representative_faces(faces.split(TRAINING)))
    draft = ModelFile(arguments.out, graph, labels, {})
    require_mappable(arguments.model, check_model(draft), allow_cpu_ops=arguments.allow_cpu_ops)
    float_scores = model.predict(test_faces.pixels[..., None].astype(np.float32), batch_size=256, verbose=0)
    int8_scores = probabilities(EmotionClassifier(draft, open_engine(draft)), test_faces.pixels)
    loss = QuantizationLoss.between(test_faces.labels, float_scores, int8_scores)
    print(f"{split}, {loss}")
    loss.check(arguments.max_drop)
    card = _card(arguments.name or arguments.out.stem, training, {"split": split, **asdict(loss)})
    if min_scores:
        card["min_score"] = min_scores
    if temperature != 1:
        card[TEMPERATURE] = temperature
        print(f"{TEMPERATURE} {temperature:g}")
    model_file = write_model(arguments.out, graph, labels, card)
    size = f"{len(graph) / 1024:.0f} KiB"
    print(f"{arguments.out}: {size}, full-integer, {len(labels)} classes, sha256 of the graph {model_file.sha256}")
    return 0


def _card(name: str, training: dict[str, Any], metrics: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": name,
        "version": __version__,
        "training": training,
        "metrics": metrics,
        # FER-2013 frames its faces as the detector frames a face, so the crop is the detector's box.
        "crop_margin": 0.0,
    }
