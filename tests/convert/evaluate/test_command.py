"""Several models evaluated side by side with the device's own classifier, checked against scikit-learn."""

from __future__ import annotations

import dataclasses
import json
import re
import subprocess
from pathlib import Path
from typing import Any

import cv2
import keras
import numpy as np
import pytest
from sklearn import metrics
from tests.support.processes import command, run, run_in_process
from tests.support.refusals import assert_refused
from tests.support.synthetic_faces import striped_faces, write_csv

from fer_convert.quantize.conversion import quantize
from fer_data.dataset import FaceSet
from fer_data.readers.fer2013 import FER2013_CLASSES
from fer_edge.config.model import MODELS
from fer_edge.inference.classifier import EmotionClassifier
from fer_edge.inference.loader import open_engine
from fer_edge.inference.model_file import append_entries, read_model, write_model
from fer_edge.inference.runtimes import available_runtimes

FACES = striped_faces(420)


PUBLIC = FACES.split("PublicTest")


NANO, SMALL = MODELS / "nano.tflite", MODELS / "small.tflite"


def save_keras(path: Path, labels: tuple[str, ...]) -> keras.Model:
    """A model.keras like those of fer-train, but untrained: its features are the means of the 8x8 blocks of a face."""
    keras.utils.set_random_seed(0)
    inputs = keras.Input((48, 48, 1))
    parts = keras.layers.Flatten()(keras.layers.AveragePooling2D(8)(keras.layers.Rescaling(1 / 64, -2)(inputs)))
    model = keras.Model(inputs, keras.layers.Dense(len(labels), activation="softmax")(parts))
    model.save(path)
    append_entries(path, {"labels.txt": "".join(f"{label}\n" for label in labels), "training.json": "{}"})
    return model


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Data, float models, and quantized files: own (of own.keras), two (sad, happy), turned (nano, labels reversed)."""
    path = tmp_path_factory.mktemp("evaluate")
    write_csv(FACES, path / "faces.csv")
    for name, labels in (("own", FER2013_CLASSES), ("two", ("sad", "happy"))):
        graph = quantize(save_keras(path / f"{name}.keras", labels), FACES.split("Training").pixels[:100])
        write_model(path / f"{name}.tflite", graph, labels, {"name": name})
    write_model(path / "turned.tflite", read_model(NANO).graph, FER2013_CLASSES[::-1], {"name": "turned"})
    write_model(path / "alien.tflite", read_model(NANO).graph, tuple("abcdefg"), {})
    save_keras(path / "alien.keras", ("one", "other"))
    return path


def report(folder: Path, *arguments: object) -> dict[str, Any]:
    done = run_in_process("fer_convert", "evaluate", *arguments, "--data", folder / "faces.csv", "--json")
    assert done.code == 0, done.err
    numbers: dict[str, Any] = json.loads(done.out, parse_constant=pytest.fail)
    return numbers


def answers(path: Path, faces: FaceSet = PUBLIC) -> np.ndarray:
    model = read_model(path)
    return EmotionClassifier(model, open_engine(model)).classify(faces.pixels)


def mirrored(faces: FaceSet) -> FaceSet:
    return dataclasses.replace(faces, pixels=np.ascontiguousarray(faces.pixels[:, :, ::-1]))


def by_class(values: np.ndarray) -> dict[str, float | None]:
    known = (None if np.isnan(value) else pytest.approx(float(value)) for value in values)
    return dict(zip(FER2013_CLASSES, known, strict=True))


def test_the_numbers_are_those_of_scikit_learn(folder: Path) -> None:
    judged = report(folder, SMALL, NANO)["models"]
    for path, numbers in zip((SMALL, NANO), judged, strict=True):
        probabilities = answers(path)
        said, true = probabilities.argmax(axis=1), PUBLIC.labels
        assert numbers["model"] == path.stem
        assert numbers["accuracy"] == pytest.approx(metrics.accuracy_score(true, said))
        assert numbers["balanced_accuracy"] == pytest.approx(metrics.balanced_accuracy_score(true, said))
        assert numbers["confusion"] == metrics.confusion_matrix(true, said).tolist()
        precision, recall, _, support = metrics.precision_recall_fscore_support(true, said, zero_division=np.nan)
        assert numbers["precision"] == by_class(precision)
        assert numbers["recall"] == by_class(recall)
        assert list(numbers["support"].values()) == support.tolist()
        f1 = metrics.f1_score(true, said, average=None)
        assert numbers["f1"] == by_class(f1)
        assert numbers["macro_f1"] == pytest.approx(f1.mean())
        auc = np.array([metrics.roc_auc_score(true == label, probabilities[:, label]) for label in range(7)])
        assert numbers["auc"] == by_class(auc)
        assert numbers["macro_auc"] == pytest.approx(auc.mean())


def test_the_calibration_error_is_the_mean_gap_over_fifteen_bins(folder: Path) -> None:
    probabilities = answers(SMALL)
    top, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == PUBLIC.labels
    error = 0.0
    for low, high in zip(np.arange(15) / 15, np.arange(1, 16) / 15, strict=True):
        member = (top > low) & (top <= high)
        if member.any():
            error += member.mean() * abs(right[member].mean() - top[member].mean())
    assert report(folder, SMALL)["models"][0]["ece"] == pytest.approx(error, abs=1e-6)


def test_the_answers_at_a_minimum_score_and_two_views_are_reported(folder: Path) -> None:
    (numbers,) = report(folder, SMALL)["models"]
    one = answers(SMALL)
    for judged, probabilities in ((numbers, one), (numbers["two_views"], (one + answers(SMALL, mirrored(PUBLIC))) / 2)):
        right = probabilities.argmax(axis=1) == PUBLIC.labels
        answered = probabilities.max(axis=1) >= 0.4
        point = {"min_score": 0.4, "answered": answered.mean(), "accuracy": right[answered].mean()}
        assert judged["at_min_score"] == pytest.approx(point)
        assert judged["accuracy"] == pytest.approx(right.mean())


def test_the_figures_are_those_at_the_temperature_of_the_model(folder: Path, tmp_path: Path) -> None:
    write_model(tmp_path / "hot.tflite", read_model(SMALL).graph, FER2013_CLASSES, {"temperature": 3.0})
    hot, small = report(folder, tmp_path / "hot.tflite", SMALL)["models"]
    assert hot["accuracy"] == small["accuracy"]
    assert hot["at_min_score"]["answered"] == (answers(tmp_path / "hot.tflite").max(axis=1) >= 0.4).mean()
    assert hot["at_min_score"]["answered"] < small["at_min_score"]["answered"]


def test_accuracy_and_every_recall_have_an_interval(folder: Path) -> None:
    numbers = report(folder, SMALL)["models"][0]
    low, high = numbers["interval95"]
    assert 0 <= low < numbers["accuracy"] < high <= 1
    for name, recall in numbers["recall"].items():
        low, high = numbers["recall_interval95"][name]
        assert low - 1e-9 <= recall <= high + 1e-9
        assert high - low > 0.1, "fifteen faces give a wide interval"


def test_the_page_shows_the_models_side_by_side(folder: Path) -> None:
    done = run("fer_convert", "evaluate", NANO, SMALL, "--data", folder / "faces.csv")
    assert done.code == 0, done.err
    lines = done.out.splitlines()
    assert lines[0] == "# nano, small on PublicTest of faces.csv"
    rows = {cells[0]: cells[1:] for cells in (line.strip("| ").split(" | ") for line in lines[4:23])}
    rows = {what.strip(): [value.strip() for value in values] for what, values in rows.items()}
    both = [(answers(path).argmax(axis=1) == PUBLIC.labels).mean() for path in (NANO, SMALL)]
    assert rows["accuracy"] == [f"{100 * accuracy:.2f} %" for accuracy in both]
    assert rows["faces"] == ["105", "105"]
    views = [answers(path) + answers(path, mirrored(PUBLIC)) for path in (NANO, SMALL)]
    both = [(view.argmax(axis=1) == PUBLIC.labels).mean() for view in views]
    assert rows["two views: accuracy"] == [f"{100 * accuracy:.2f} %" for accuracy in both]
    assert rows["two views: answered at min score 0.4"] == [
        f"{100 * (view.max(1) >= 0.8).mean():.2f} %" for view in views
    ]
    assert rows["runs on"][0].startswith(f"cpu ({available_runtimes()[0]} ")
    assert [line for line in lines if line.startswith("## ")] == ["## nano", "## small"]
    assert sum(line.startswith("| disgust ") for line in lines) == 4


def test_each_model_is_evaluated_with_its_own_labels(folder: Path) -> None:
    nano, turned, two = report(folder, NANO, folder / "turned.tflite", folder / "two.tflite")["models"]
    assert turned["classes"] == nano["classes"][::-1]
    said = FACES.choose(FER2013_CLASSES[::-1]).split("PublicTest")
    assert turned["accuracy"] == pytest.approx((answers(NANO).argmax(axis=1) == said.labels).mean())
    assert two["classes"] == ["sad", "happy"]
    known = FACES.choose(("sad", "happy")).split("PublicTest")
    assert two["faces"] == len(known) == 30
    said = answers(folder / "two.tflite", known).argmax(axis=1)
    assert two["confusion"] == metrics.confusion_matrix(known.labels, said).tolist()


def test_agreement_is_the_share_of_faces_with_the_same_answer_as_the_float_model(folder: Path) -> None:
    numbers = report(folder, folder / "own.tflite", NANO, folder / "two.tflite", "--float", folder / "own.keras")
    model = keras.saving.load_model(folder / "own.keras", compile=False)
    said = model.predict(PUBLIC.pixels[..., None].astype(np.float32), verbose=0).argmax(axis=1)
    assert numbers["float"]["accuracy"] == pytest.approx(metrics.accuracy_score(PUBLIC.labels, said))
    own, nano, two = (judged["agreement"] for judged in numbers["models"])
    assert own == pytest.approx((answers(folder / "own.tflite").argmax(axis=1) == said).mean())
    assert own > 0.8
    assert nano == pytest.approx((answers(NANO).argmax(axis=1) == said).mean())
    known = FACES.choose(("sad", "happy")).split("PublicTest")
    names = dict(zip(PUBLIC.names, said, strict=True))
    pairs = zip(known.names, answers(folder / "two.tflite", known).argmax(axis=1), strict=True)
    assert two == pytest.approx(np.mean([("sad", "happy")[label] == FER2013_CLASSES[names[at]] for at, label in pairs]))


def test_without_a_float_model_there_is_no_agreement(folder: Path) -> None:
    numbers = report(folder, NANO)
    assert numbers["float"] is None
    assert numbers["models"][0]["agreement"] is None


def test_the_report_has_name_and_sha256_of_the_file(folder: Path) -> None:
    numbers = report(folder, folder / "own.tflite")
    assert (numbers["data"], numbers["split"]) == ("faces.csv", "PublicTest")
    (judged,) = numbers["models"]
    assert (judged["model"], judged["file"]) == ("own", "own.tflite")
    assert judged["sha256"] == read_model(folder / "own.tflite").sha256


def test_models_with_the_same_name_are_listed_by_path(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "other.tflite").write_bytes(NANO.read_bytes())
    judged = report(folder, NANO, tmp_path / "other.tflite", NANO)["models"]
    assert [numbers["model"] for numbers in judged] == [str(NANO), str(tmp_path / "other.tflite")]


@pytest.mark.parametrize("runtime", available_runtimes())
def test_the_requested_runtime_is_used(folder: Path, runtime: str) -> None:
    (judged,) = report(folder, NANO, "--runtime", runtime)["models"]
    assert judged["runs_on"].startswith(f"cpu ({runtime} ")


def test_out_contains_the_page_the_figures_and_the_plots(folder: Path, tmp_path: Path) -> None:
    arguments = [NANO, folder / "two.tflite", "--data", folder / "faces.csv", "--out", tmp_path / "made" / "out"]
    done = run_in_process("fer_convert", "evaluate", *arguments, "--float", folder / "own.keras")
    assert done.code == 0, done.err
    out = tmp_path / "made" / "out"
    plots = {"confusion.png", "recall.png", "risk_coverage.png"}
    assert {file.name for file in out.iterdir()} == {"evaluation.md", "evaluation.json", *plots}
    page = (out / "evaluation.md").read_text()
    assert page.startswith(done.out)
    assert plots == set(re.findall(r"\((\w+\.png)\)", page))
    numbers = json.loads((out / "evaluation.json").read_text())
    assert [judged["model"] for judged in numbers["models"]] == ["nano", "two"]
    for name in plots:
        picture = cv2.imread(str(out / name))
        assert min(picture.shape[:2]) > 300
        assert picture.std() > 20


def test_no_face_of_the_training_split_counts_as_unseen(folder: Path) -> None:
    (judged,) = report(folder, NANO, "--split", "Training")["models"]
    assert (judged["faces"], judged["without_copies"]["faces"]) == (315, 0)


def test_copies_of_training_faces_are_left_out_of_the_second_score(folder: Path, tmp_path: Path) -> None:
    copied = FACES.pixels.copy()
    public, training = np.flatnonzero(FACES.splits == "PublicTest"), np.flatnonzero(FACES.splits == "Training")
    copied[public[:40]] = copied[training[:40]]
    write_csv(dataclasses.replace(FACES, pixels=copied), tmp_path / "faces.csv")
    (judged,) = report(tmp_path, SMALL)["models"]
    right = answers(SMALL).argmax(axis=1)[40:] == PUBLIC.labels[40:]
    assert judged["without_copies"]["faces"] == 65
    assert judged["without_copies"]["accuracy"] == pytest.approx(right.mean())


def test_a_closed_pipe_ends_the_command_silently(folder: Path) -> None:
    arguments = command("fer_convert", "evaluate", NANO, "--data", folder / "faces.csv")
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.close()
        complaint = process.stderr.read()
        assert process.wait(60) == 0
    assert "BrokenPipe" not in complaint


@pytest.mark.parametrize(
    ("arguments", "code", "complaint"),
    [
        ("{nano} --data {0}/nosuch.csv", 2, "nosuch.csv: No such file"),
        ("{0}/nosuch.tflite --data {0}/faces.csv", 78, "nosuch.tflite: No such file"),
        ("{nano} {0}/own.keras --data {0}/faces.csv", 78, "own.keras: not a TFLite model"),
        ("{nano} --data {0}/faces.csv --split X", 2, "split 'X' has no faces; there are PublicTest, Training"),
        ("{nano} {0}/alien.tflite --data {0}/faces.csv", 2, "the model's labels (a, b, c, d, e, f, g) are not those"),
        ("{nano} --data {0}/faces.csv --float {0}/alien.keras", 2, "the model's labels (one, other) are not those"),
        ("{nano} --data {0}/faces.csv --float {nano}", 2, "nano.tflite: not a model of fer-train fit"),
        ("{nano} --data {0}/faces.csv --out {0}/faces.csv", 2, "faces.csv: is the data itself"),
        ("{nano} --data {0}/faces.csv --out {0}/own.keras", 2, "own.keras: is a file: give a folder"),
        ("{nano} --data {0}/faces.csv --runtime onnx", 2, "invalid choice: 'onnx'"),
        ("{nano} --data {0}/faces.csv --merge angry+x=bad", 2, "the data has no x"),
        ("", 2, "required: MODEL, --data"),
    ],
)
def test_bad_input_gives_one_line_and_the_documented_exit_code(
    folder: Path, arguments: str, code: int, complaint: str
) -> None:
    done = run_in_process("fer_convert", "evaluate", *arguments.format(folder, nano=NANO).split())
    assert_refused(done, "fer-convert", complaint, code)
