"""fer-convert calibrate: fit the temperature of a model file on faces, and write it into its card."""

from __future__ import annotations

import argparse
import dataclasses
import sys
from argparse import Namespace
from pathlib import Path

from fer_convert.calibrate.temperature_fit import TemperatureFit
from fer_convert.data_flags import add_data_flags, read_faces_for
from fer_convert.output_file import check_output_file, write_model_file
from fer_data.classifiers import quantized_classifier
from fer_data.dataset import TRAINING
from fer_data.temperature import MIN_FACES
from fer_data.trained_model import TEMPERATURE
from fer_edge.command_line import OneLineParser
from fer_edge.config.model import SHIPPED, parse_model
from fer_edge.errors import UsageError
from fer_edge.inference.model_file import read_model
from fer_edge.inference.runtimes import RUNTIMES


def add_command(commands: argparse._SubParsersAction[OneLineParser]) -> None:
    """Register `calibrate`."""
    command = commands.add_parser("calibrate", help="make the scores of a model file the chance of being right")
    files = f"a .tflite model file, or one of {', '.join(SHIPPED)}"
    command.add_argument("model", type=parse_model, metavar="MODEL", help=files)
    add_data_flags(command, "labelled faces that the model was not trained on: a csv or a folder, as for fer-train")
    command.add_argument("--split", help="the part of the data to fit on (PublicTest, test or validation)")
    command.add_argument("--out", type=Path, metavar="FILE", help="the file to write (default: the model itself)")
    command.add_argument("--runtime", choices=list(RUNTIMES), help="the TFLite runtime to use")
    command.set_defaults(run=_run)


def _run(arguments: Namespace) -> int:
    model, out = read_model(arguments.model), (arguments.out or arguments.model).resolve()
    check_output_file(out)
    faces = read_faces_for(arguments, model.labels, model.card.get("training", {}))
    split = arguments.split or faces.test_split()
    held_out = faces.split(split)
    if len(held_out) < MIN_FACES:
        raise UsageError(f"--split {split}: {len(held_out)} faces; a temperature needs at least {MIN_FACES}")
    if split == TRAINING:
        text = "a model is too certain of faces that it was trained on"
        sys.stderr.write(f"fer-convert: warning: --split {split}: {text}\n")

    card = {key: value for key, value in model.card.items() if key != TEMPERATURE}
    classifier = quantized_classifier(dataclasses.replace(model, card=card), runtime=arguments.runtime)
    fit = TemperatureFit.of(held_out.labels, classifier.classify(held_out.pixels))
    calibration = {"split": split, **dataclasses.asdict(fit)}
    write_model_file(out, model.graph, model.labels, {**card, TEMPERATURE: fit.temperature, "calibration": calibration})
    print(f"{split}, {fit}")
    print(f"{out}: {TEMPERATURE} {fit.temperature:g}, sha256 of the graph {model.sha256}")
    compiled = out.with_name(f"{out.stem}_edgetpu.tflite")
    if compiled.exists():
        print(f"{compiled} keeps its temperature: fer-convert compile {out} makes it anew")
    return 0
