"""fer-convert adopt: a Keras or TFLite model of another origin to a model file."""

from __future__ import annotations

import argparse
import re
import sys
from argparse import Namespace
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fer_convert.adopt.pixel_scaling import EXPECTED, measure_scaling, parse_scaling, standardize
from fer_convert.adopt.verdict import Verdict
from fer_convert.check.contract import require_sound
from fer_convert.check.mapping import check_model, require_mappable
from fer_convert.data_flags import add_data_flags, read_faces_for
from fer_convert.output_file import check_output_file, write_model_file
from fer_convert.quantize.loss import QuantizationLoss
from fer_convert.quantize.scaling import Scaling
from fer_data.classifiers import probabilities
from fer_data.dataset import TRAINING, FaceSet
from fer_edge import __version__
from fer_edge.command_line import OneLineParser
from fer_edge.errors import UsageError
from fer_edge.inference.classifier import EmotionClassifier
from fer_edge.inference.loader import open_engine
from fer_edge.inference.model_file import TFLITE_IDENTIFIER, ModelFile, parse_labels, read_tflite

if TYPE_CHECKING:
    from fer_convert.adopt.sources import Source

MAX_DROP = 2.0  # points of accuracy that int8 may lose without a warning


def add_command(commands: argparse._SubParsersAction[OneLineParser]) -> None:
    """Register `adopt`."""
    command = commands.add_parser("adopt", help="make a model file of a Keras or TFLite model of another origin")
    command._negative_number_matcher = re.compile(r"-\d")  # so that `--scaling -1..1` is no flag
    command.add_argument(
        "model", type=Path, metavar="MODEL", help="a Keras model (.keras, .h5, SavedModel), or an int8 or uint8 .tflite"
    )
    command.add_argument(
        "--labels", metavar="A,B,...", help="its classes in output order, or a text file with one a line"
    )
    add_data_flags(command, "faces to quantize a Keras model with, and to evaluate any on", required=False)
    command.add_argument("--split", help="the part of the data to evaluate on (PublicTest, test or validation)")
    command.add_argument(
        "--scaling", metavar="LOW..HIGH", help=f"how it was trained to take pixels; {EXPECTED} (default: measured)"
    )
    command.add_argument("--side", type=int, metavar="PIXELS", help="side of the input of a model without a fixed size")
    command.add_argument(
        "--crop-margin",
        type=float,
        default=0.0,
        metavar="SHARE",
        help="what it wants around a face, 0..1 (%(default)g)",
    )
    command.add_argument("--out", type=Path, metavar="FILE", help="the file to write (default: MODEL_adopted.tflite)")
    command.add_argument("--name", help="name of the model on its card (default: the name of the file)")
    command.set_defaults(run=_run)


def _run(arguments: Namespace) -> int:
    out = arguments.out or arguments.model.with_name(f"{arguments.model.stem}_adopted.tflite")
    check_output_file(out)
    if out.exists() and arguments.model.exists() and out.samefile(arguments.model):
        raise UsageError(f"--out {out}: is the model itself")
    if not 0 <= arguments.crop_margin <= 1:
        raise UsageError(f"--crop-margin {arguments.crop_margin:g}: expected a share from 0 to 1")
    scaling = parse_scaling(arguments.scaling) if arguments.scaling else None
    source, labels, faces = _open(arguments)
    scaling = scaling or _find_scaling(source, faces, arguments)

    draft = ModelFile(out, source.convert(scaling), labels, {})
    require_sound(draft)
    report = check_model(draft)
    require_mappable(arguments.model, report, allow_cpu_ops=True)
    metrics = _evaluate(draft, source, scaling, faces, arguments) if faces else {}
    card = {
        "name": arguments.name or out.stem,
        "version": __version__,
        "training": {"merge": arguments.merge} if arguments.merge else {},
        "metrics": metrics,
        "crop_margin": arguments.crop_margin,
        "adopted_from": arguments.model.name,
        "scaling": str(scaling),
    }
    written = write_model_file(out, draft.graph, labels, card)
    if not faces:
        print("not evaluated: --data SET measures its accuracy")
    if report.unsupported:
        print(f"the Edge TPU would not run all of it: see fer-convert check {out}")
    print(f"{out}: {len(draft.graph) / 1024:.0f} KiB, {', '.join(labels)}, sha256 {written.sha256}")
    return 0


def _open(arguments: Namespace) -> tuple[Source, tuple[str, ...], FaceSet | None]:
    """The model, its labels, and the faces with those labels. Raises UsageError, DataError or ModelError."""
    from fer_convert.adopt.sources import KerasSource, TfliteSource, open_keras  # brings TensorFlow
    from fer_convert.quantize.conversion import representative_faces

    path, labels = arguments.model, _labels(arguments)
    if _is_tflite(path):
        model = read_tflite(path)
        labels = labels or model.labels
        source = TfliteSource.of(model, labels)
        return source, labels, read_faces_for(arguments, labels, {}) if arguments.data else None
    network = open_keras(path, arguments.side, labels)
    if not arguments.data:
        raise UsageError(f"{path}: a Keras model is quantized on faces", cure="give them with --data SET")
    faces = read_faces_for(arguments, labels, {})
    return KerasSource(path, network, labels, representative_faces(_training_faces(faces))), labels, faces


def _is_tflite(path: Path) -> bool:
    """Whether it is a TFLite file. Raises UsageError unless it is a regular file or a folder."""
    if path.is_dir():
        return False
    if not path.is_file():
        raise UsageError(f"{path}: {'a device' if path.exists() else 'no such file'}; expected a file or a folder")
    try:
        with path.open("rb") as file:
            return file.read(8)[4:] == TFLITE_IDENTIFIER
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from error


def _labels(arguments: Namespace) -> tuple[str, ...]:
    """The labels that --labels names. Raises UsageError."""
    text = arguments.labels
    if text is None:
        return ()
    file = Path(text)
    try:
        lines = file.read_bytes() if "," not in text and file.is_file() else text.replace(",", "\n").encode()
        return parse_labels(lines)
    except (OSError, ValueError) as error:
        raise UsageError(f"--labels {text}: {error}") from error


def _training_faces(faces: FaceSet) -> FaceSet:
    return faces.split(TRAINING) if TRAINING in faces.splits else faces


def _find_scaling(source: Source, faces: FaceSet | None, arguments: Namespace) -> Scaling:
    """The scaling of a model for which no range is given, printed. Raises UsageError when it cannot be found."""
    if arguments.scaling and faces is None:
        raise UsageError(
            f"--scaling {arguments.scaling}: depends on the data it was trained on", cure="give --data SET"
        )
    if arguments.scaling and faces is not None:
        scaling = standardize(_training_faces(faces))
        print(f"scaling {scaling}")
        return scaling
    if source.declared:
        print(f"scaling {source.declared}, from the range of its input")
        return source.declared
    if faces is None:
        raise UsageError(f"{source.path}: the scaling of its pixels is not known", cure="give --scaling or --data SET")
    scaling, line = measure_scaling(source.classify, _training_faces(faces))
    print(line)
    return scaling


def _evaluate(
    draft: ModelFile, source: Source, scaling: Scaling, faces: FaceSet, arguments: Namespace
) -> dict[str, Any]:
    """Evaluate the model as the device runs it, and print and return the figures."""
    split = arguments.split or faces.test_split()
    test_faces = faces.split(split)
    scores = probabilities(EmotionClassifier(draft, open_engine(draft)), test_faces.pixels)
    verdict = Verdict.of(test_faces.labels, scores, test_faces.classes)
    print(f"{split}, {verdict}")
    warnings = [*verdict.warnings()]
    metrics = {"split": split, "faces": len(test_faces), "int8_accuracy": verdict.scores.accuracy}
    if source.is_float:
        loss = QuantizationLoss.between(test_faces.labels, source.classify(scaling, test_faces.pixels), scores)
        print(f"{split}, {loss}")
        metrics |= asdict(loss)
        if loss.drop > MAX_DROP:
            warnings.append(f"int8 loses {loss.drop:.1f} points of accuracy; more faces in --data may help")
    sys.stderr.writelines(f"fer-convert: warning: {line}\n" for line in warnings)
    return metrics
