"""Whether the Edge TPU would run all of a model, predicted without the compiler, and what the command prints."""

from __future__ import annotations

import contextlib
import json
import math
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers
from tests.support.graphs import NANO, altered, code, compiled, operators
from tests.support.processes import run
from tests.support.refusals import assert_refused

from fer_convert.check.mapping import MappingReport, check_graph, check_model
from fer_convert.quantize.conversion import quantize
from fer_data.edgetpu_memory import EDGE_TPU_MEMORY
from fer_data.tflite_graph import read_graph
from fer_edge.inference.model_file import ModelError, ModelFile, append_entries, read_tflite, write_model
from fer_train.architectures.registry import ARCHITECTURES, build
from fer_train.report.network_cost import network_cost

FACES = np.random.default_rng(0).integers(0, 256, (2, 48, 48), dtype=np.uint8)


SEEN_MAPPED = {
    "QUANTIZE", "CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "MUL", "ADD", "AVERAGE_POOL_2D", "MAX_POOL_2D",
    "LOGISTIC", "SOFTMAX", "MEAN", "RESHAPE", "PAD",
}  # fmt: skip


STREAMED = {"large", "resnet50", "vgg16"}


def checked(change: Callable[[Any], None]) -> MappingReport:
    return check_graph(read_graph(altered(NANO.graph, change)))


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_every_architecture_is_mapped_and_the_large_ones_stream(name: str) -> None:
    network = build(name, 7, 0.0)
    report = check_graph(read_graph(quantize(network, FACES)))
    assert report.mappable
    assert report.mapped_count == len(report.operators)
    assert {row.name for row in report.rows()} <= SEEN_MAPPED
    assert (report.streamed_bytes > 0) == (name in STREAMED)
    assert report.edge_tpu_bytes == network_cost(network).edge_tpu_bytes, "fer-train predicts the same"


def squeeze_and_excite(x: Any) -> Any:
    y = layers.GlobalAveragePooling2D(keepdims=True)(x)
    return layers.Multiply()([x, layers.Conv2D(8, 1, activation="sigmoid")(y)])


@pytest.mark.parametrize(
    ("layer", "operator", "reason"),
    [
        (layers.Activation("hard_swish"), "HARD_SWISH", "not on the compiler's list: use ReLU"),
        (layers.LeakyReLU(), "LEAKY_RELU", "not on the compiler's list: use ReLU"),
        (layers.ELU(), "ELU", "not on the compiler's list: use ReLU"),
        (layers.Activation("gelu"), "GELU", "not on the compiler's list: use ReLU"),
        (layers.Conv2D(8, 3, groups=2), "CONV_2D", "a grouped convolution: 4 of 8 channels"),
        (squeeze_and_excite, "MUL", "broadcasts [1, 1, 1, 8] to [1, 23, 23, 8]: support not established"),
    ],
    ids=["hard-swish", "leaky-relu", "elu", "gelu", "grouped", "squeeze-and-excite"],
)
def test_an_unmapped_layer_is_named_and_nothing_after_it_is_mapped(layer: Any, operator: str, reason: str) -> None:
    faces = keras.Input((48, 48, 1))
    x = layer(layers.Conv2D(8, 3, strides=2, activation="relu")(faces))
    network = keras.Model(faces, layers.Dense(3, activation="softmax")(layers.GlobalAveragePooling2D()(x)))
    report = check_graph(read_graph(quantize(network, FACES)))
    assert not report.mappable
    assert [one.name for one in report.unsupported if reason in str(one.reason)] == [operator]
    assert not report.operators[-1].mapped, "nothing after it is mapped"
    assert report.mapped_count < len(report.operators) - 1
    assert bool(report.floats) == (operator == "ELU")


def test_a_dynamic_batch_size_is_refused() -> None:
    def dynamic_batch(model: Any) -> None:
        for tensor in model.subgraphs[0].tensors[-4:]:
            tensor.shapeSignature = [-1, *tensor.shape[1:]]

    report = checked(dynamic_batch)
    assert len(report.dynamic) == 4
    assert not report.mappable
    assert any("has a dynamic size, [-1, " in str(one.reason) for one in report.unsupported)


def test_an_operator_version_that_is_too_new_stops_the_compiler_from_loading_the_model() -> None:
    def newer(model: Any) -> None:
        code(model, "MEAN").version = 4

    report = checked(newer)
    assert [one.reason for one in report.unsupported] == ["version 4; the compiler's interpreter loads up to 3"]
    assert report.mapped_count == 0
    assert report.edge_tpu_bytes == 0


def test_a_dense_layer_quantized_per_channel_is_refused() -> None:
    def per_channel(model: Any) -> None:
        (dense,) = operators(model, "FULLY_CONNECTED")
        quantization = model.subgraphs[0].tensors[dense.inputs[1]].quantization
        quantization.scale, quantization.zeroPoint = [quantization.scale[0]] * 7, [0] * 7

    (dense,) = checked(per_channel).unsupported
    assert "per channel, which runtimes as old as the compiler compute wrongly" in str(dense.reason)


def test_a_float_or_wide_tensor_is_refused() -> None:
    def of_type(number: int) -> Callable[[Any], None]:
        def change(model: Any) -> None:
            (mean,) = operators(model, "MEAN")
            model.subgraphs[0].tensors[mean.outputs[0]].type = number

        return change

    floating, wide = checked(of_type(0)), checked(of_type(7))
    assert len(floating.floats) == 1
    assert floating.dtypes["float32"] == 1
    assert {one.name for one in floating.unsupported} == {"MEAN", "FULLY_CONNECTED"}
    assert all("is int16" in str(one.reason) for one in wide.unsupported)
    assert not wide.mappable


def test_only_operators_before_the_first_unmapped_one_are_mapped_and_counted_in_memory() -> None:
    def leaky(model: Any) -> None:
        operators(model, "CONV_2D")[4].opcodeIndex = len(model.operatorCodes)
        other = type(model.operatorCodes[0])()
        other.deprecatedBuiltinCode = other.builtinCode = 98  # LEAKY_RELU
        other.version = 1
        model.operatorCodes.append(other)

    whole, cut = check_graph(read_graph(NANO.graph)), checked(leaky)
    ends_at = [one.mapped for one in cut.operators].index(False)
    assert cut.operators[ends_at].name == "LEAKY_RELU"
    assert cut.mapped_count == ends_at
    assert all("one contiguous run" in str(one.reason) for one in cut.operators[ends_at + 1 :])
    assert cut.edge_tpu_bytes == sum(one.edge_tpu_bytes for one in whole.operators[:ends_at])
    assert cut.as_json()["stretch"]["ends_at"]["layer"] == cut.operators[ends_at].layer


def test_check_prints_a_table_and_a_summary() -> None:
    done = run("fer_convert", "check", NANO.path)
    assert (done.code, done.err) == (0, "")
    assert "CONV_2D          3        10     mapped" in done.out
    assert "mapped: all 20 operators" in done.out
    assert "all fit on the chip" in done.out
    assert "labels: angry, disgust, fear, happy, sad, surprise, neutral" in done.out
    assert "nano.tflite: not compiled yet; all of it would run on the Edge TPU" in done.out


def test_check_prints_the_same_as_json() -> None:
    report = json.loads(run("fer_convert", "check", NANO.path, "--json").out)
    assert (report["sha256"], report["labels"]) == (NANO.sha256, list(NANO.labels))
    assert (report["mappable"], report["compiled"]) == (True, False)
    assert sum(row["count"] for row in report["operators"]) == report["stretch"]["operators"] == 20
    assert report["stretch"]["ends_at"] is None
    assert 0 < report["memory"]["bytes"] < report["memory"]["limit"] == EDGE_TPU_MEMORY
    assert report["memory"]["streamed"] == 0
    assert report["tensors"]["floats"] == report["tensors"]["dynamic"] == []


def test_a_partly_mapped_model_exits_with_1_and_names_the_first_unmapped_operator(tmp_path: Path) -> None:
    def swish(model: Any) -> None:
        mean = code(model, "MEAN")
        mean.builtinCode = mean.deprecatedBuiltinCode = 117  # HARD_SWISH

    write_model(tmp_path / "fer.tflite", altered(NANO.graph, swish), NANO.labels, {})
    done = run("fer_convert", "check", tmp_path / "fer.tflite")
    assert (done.code, done.err) == (1, "")
    assert "mapped: 16 of 20 operators; number 17, HARD_SWISH (" in done.out
    assert "is not, nor is any that follows" in done.out
    assert "not all of it would run" in done.out
    assert json.loads(run("fer_convert", "check", tmp_path / "fer.tflite", "--json").out)["mappable"] is False


def test_a_compiled_model_is_recognized(tmp_path: Path) -> None:
    write_model(tmp_path / "whole.tflite", compiled(NANO.graph), NANO.labels, {})
    write_model(tmp_path / "part.tflite", compiled(NANO.graph, left=3), NANO.labels, {})
    whole, part = (run("fer_convert", "check", tmp_path / f"{name}.tflite") for name in ("whole", "part"))
    assert (whole.code, part.code) == (0, 1)
    assert "compiled for the Edge TPU; all of it runs on the Edge TPU" in whole.out
    assert "mapped: 1 of 4 operators" in part.out
    assert part.out.count("left to the CPU by the compiler") == 3
    assert "parameters:" not in part.out, "the compiled operator hides its parameters"


@pytest.mark.parametrize("entries", [{}, {"other.txt": "x"}], ids=["bare", "other-archive"])
def test_a_model_of_another_converter_is_checked_and_its_missing_labels_are_reported(
    tmp_path: Path, entries: dict[str, str]
) -> None:
    (tmp_path / "bare.tflite").write_bytes(NANO.graph)
    if entries:
        append_entries(tmp_path / "bare.tflite", entries)
    assert read_tflite(tmp_path / "bare.tflite").labels == ()
    done = run("fer_convert", "check", tmp_path / "bare.tflite")
    assert done.code == 0
    assert "the device refuses it (no labels.txt in it, or cut short): fer-convert adopt can mend that" in done.out


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (NANO.graph[:40_000], "fer.tflite: not a valid TFLite graph"),
        (b"PK nothing", "fer.tflite: not a TFLite model"),
        (NANO.path.read_bytes().replace(b"TFL3", b"TFL9"), "fer.tflite: not a TFLite model"),
        (NANO.path.read_bytes()[:60_000] + b"\1" + NANO.path.read_bytes()[60_001:], "sha256 differs"),
    ],
    ids=["cut", "no-model", "identifier", "flipped"],
)
def test_a_damaged_file_gives_one_line_and_exit_code_78(tmp_path: Path, content: bytes, complaint: str) -> None:
    (tmp_path / "fer.tflite").write_bytes(content)
    done = run("fer_convert", "check", tmp_path / "fer.tflite")
    assert_refused(done, "fer-convert", complaint, code=78)


@pytest.mark.parametrize(
    ("path", "complaint"), [("nosuch.tflite", "nosuch.tflite: No such file"), ("/dev/zero", "a directory or a device")]
)
def test_a_missing_file_gives_one_line_and_exit_code_78(tmp_path: Path, path: str, complaint: str) -> None:
    done = run("fer_convert", "check", tmp_path / path)
    assert_refused(done, "fer-convert", complaint, code=78)


def test_flipped_bytes_are_checked_or_refused_without_any_other_error() -> None:
    rng = random.Random(0)  # noqa: S311
    refused = 0
    for _ in range(200):
        content = bytearray(NANO.graph)
        for _ in range(3):  # most of the file is weights: the tables stand at its end
            content[-rng.randrange(1, 20_000)] ^= 1 << rng.randrange(8)
        with contextlib.suppress(ModelError):
            report = check_model(ModelFile(Path("f"), bytes(content), (), {}))
            assert math.isfinite(report.edge_tpu_bytes or 0)
            continue
        refused += 1
    assert 20 < refused < 200
