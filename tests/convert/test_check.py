"""Whether a model would run on the Edge TPU, told without the compiler."""

from __future__ import annotations

import contextlib
import json
import math
import random
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers
from tests.support import run
from tests.support.graphs import NANO, altered, code, compiled, operators

from fer_convert import quantize
from fer_convert.check import Report, check, check_model, read_bare
from fer_convert.operators import why_not
from fer_data.edgetpu_memory import EDGE_TPU_MEMORY
from fer_data.tflite_graph import Operator, Tensor, read_graph
from fer_edge.inference.model_file import ModelError, ModelFile, append_entries, write_model
from fer_train.architectures import build
from fer_train.recipe import MODELS
from fer_train.summary import summarize

FACES = np.random.default_rng(0).integers(0, 256, (2, 48, 48), dtype=np.uint8)
SEEN_MAPPED = {
    "QUANTIZE", "CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "MUL", "ADD", "AVERAGE_POOL_2D", "MAX_POOL_2D",
    "LOGISTIC", "SOFTMAX", "MEAN", "RESHAPE", "PAD",
}  # fmt: skip
STREAMED = {"large", "resnet50", "vgg16"}


def checked(change: Callable[[Any], None]) -> Report:
    return check(read_graph(altered(NANO.graph, change)))


@pytest.mark.parametrize("name", MODELS)
def test_every_architecture_is_mapped_and_the_large_ones_stream(name: str) -> None:
    network = build(name, 7, 0.0)
    report = check(read_graph(quantize.quantize(network, FACES)))
    assert report.mappable
    assert report.stretch == len(report.verdicts)
    assert {row.name for row in report.rows()} <= SEEN_MAPPED
    assert (report.streamed_bytes > 0) == (name in STREAMED)
    assert report.edge_tpu_bytes == summarize(network).edge_tpu_bytes, "fer-train foretells the same"


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
        (squeeze_and_excite, "MUL", "spreads [1, 1, 1, 8] over [1, 23, 23, 8]: not established"),
    ],
    ids=["hard-swish", "leaky-relu", "elu", "gelu", "grouped", "squeeze-and-excite"],
)
def test_a_layer_that_is_not_mapped_is_named_and_ends_the_stretch(layer: Any, operator: str, reason: str) -> None:
    faces = keras.Input((48, 48, 1))
    x = layer(layers.Conv2D(8, 3, strides=2, activation="relu")(faces))
    network = keras.Model(faces, layers.Dense(3, activation="softmax")(layers.GlobalAveragePooling2D()(x)))
    report = check(read_graph(quantize.quantize(network, FACES)))
    assert not report.mappable
    assert [one.name for one in report.off_list if reason in str(one.reason)] == [operator]
    assert not report.verdicts[-1].mapped, "nothing behind it is mapped"
    assert report.stretch < len(report.verdicts) - 1
    assert bool(report.floats) == (operator == "ELU")


def test_an_unfixed_batch_is_refused_for_its_open_sizes() -> None:
    def open_batch(model: Any) -> None:
        for tensor in model.subgraphs[0].tensors[-4:]:
            tensor.shapeSignature = [-1, *tensor.shape[1:]]

    report = checked(open_batch)
    assert len(report.dynamic) == 4
    assert not report.mappable
    assert any("has an open size, [-1, " in str(one.reason) for one in report.off_list)


def test_a_version_too_new_keeps_the_compiler_from_loading_any_of_it() -> None:
    def newer(model: Any) -> None:
        code(model, "MEAN").version = 4

    report = checked(newer)
    assert [one.reason for one in report.off_list] == ["version 4; the compiler's interpreter takes up to 3"]
    assert report.stretch == 0
    assert report.edge_tpu_bytes == 0


def test_a_dense_layer_quantized_per_channel_is_refused() -> None:
    def per_channel(model: Any) -> None:
        (dense,) = operators(model, "FULLY_CONNECTED")
        quantization = model.subgraphs[0].tensors[dense.inputs[1]].quantization
        quantization.scale, quantization.zeroPoint = [quantization.scale[0]] * 7, [0] * 7

    (dense,) = checked(per_channel).off_list
    assert "per channel, which runtimes as old as the compiler's compute wrongly" in str(dense.reason)


def test_a_float_or_wide_tensor_is_refused() -> None:
    def of_type(number: int) -> Callable[[Any], None]:
        def change(model: Any) -> None:
            (mean,) = operators(model, "MEAN")
            model.subgraphs[0].tensors[mean.outputs[0]].type = number

        return change

    floating, wide = checked(of_type(0)), checked(of_type(7))
    assert len(floating.floats) == 1
    assert floating.dtypes["float32"] == 1
    assert {one.name for one in floating.off_list} == {"MEAN", "FULLY_CONNECTED"}
    assert all("is int16" in str(one.reason) for one in wide.off_list)
    assert not wide.mappable


def tensor(*shape: int, data: Any = None, dtype: str = "int8") -> Tensor:
    content = None if data is None else np.asarray(data, dtype).reshape(shape)
    return Tensor("t", shape, dtype, np.ones(1, np.float32), np.zeros(1, np.int64), 0, content)


def constant(*values: int, dtype: str = "int32") -> Tensor:
    return tensor(len(values), data=values, dtype=dtype)


MAP, ROW = tensor(1, 12, 12, 8), tensor(1, 8)
KERNEL = tensor(8, 3, 3, 8, data=np.zeros(576))
PADDING = tensor(4, 2, data=[1, 0, 0, 0, 0, 0, 0, 0], dtype="int32")
PADDED = tensor(4, 2, data=[0, 0, 1, 1, 1, 1, 0, 0], dtype="int32")
SLICE = [MAP, constant(0, 0, 0, 0), constant(1, 6, 6, 8)]
EVERY = SimpleNamespace(ellipsisMask=0, newAxisMask=0)


@pytest.mark.parametrize(
    ("name", "inputs", "options", "reason"),
    [
        ("CONV_2D", [MAP, KERNEL], None, None),
        ("CONV_2D", [MAP, tensor(1, 3, 3, 8)], None, "weights are computed"),
        ("CONV_2D", [MAP, KERNEL], {"dilationWFactor": 2, "dilationHFactor": 1}, "dilation differs"),
        ("FULLY_CONNECTED", [ROW, tensor(8, 8)], None, "weights are computed"),
        ("FULLY_CONNECTED", [ROW, tensor(8, 8, data=np.zeros(64))], {"weightsFormat": 1}, "shuffled"),
        ("ADD", [MAP, MAP], None, None),
        ("ADD", [MAP, tensor(1, 1, 1, 8)], None, "not established"),
        ("MUL", [MAP, tensor(1, data=[3])], None, None),
        ("MAX_POOL_2D", [MAP], {"fusedActivationFunction": 1}, "activation fused"),
        ("MEAN", [MAP, constant(1, 2)], None, None),
        ("MEAN", [MAP, constant(0, 1)], None, "reduces over the batch"),
        ("MEAN", [MAP, constant(-4)], None, "reduces over the batch"),
        ("SUM", [tensor(1, 12, 12, 6), constant(3)], None, "6 channels"),
        ("MEAN", [MAP, tensor(2, dtype="int32")], None, "is int32"),
        ("CONCATENATION", [MAP, MAP, MAP], None, None),
        ("CONCATENATION", [ROW, tensor(1, 8, data=[0] * 8)], None, None),
        ("CONCATENATION", [ROW, tensor(1, 8, data=[1] * 8)], None, "constant that is not zero"),
        ("PAD", [MAP, PADDED], None, None),
        ("PAD", [MAP, PADDING], None, "pads the batch"),
        ("PRELU", [MAP, tensor(1, 1, 8, data=[1] * 8)], None, None),
        ("PRELU", [MAP, tensor(12, 1, 8, data=[1] * 96)], None, "share the other axes"),
        ("SOFTMAX", [ROW], None, None),
        ("SOFTMAX", [tensor(4, 8)], None, "one-dimensional"),
        ("SOFTMAX", [tensor(1, 16_001)], None, "16000"),
        ("STRIDED_SLICE", [*SLICE, constant(1, 1, 1, 1)], EVERY, None),
        ("STRIDED_SLICE", [*SLICE, constant(1, 2, 2, 1)], EVERY, "strides are not all 1"),
        ("SPLIT", [constant(3), MAP], None, None),
        ("SPLIT", [constant(0), MAP], None, "splits the batch"),
        ("PACK", [ROW, ROW], {"axis": 1}, None),
        ("PACK", [ROW, ROW], {"axis": 0}, "along the batch"),
        ("RELU", [tensor(2, 12, 12, 8)], None, "more than three sizes above 1"),
        ("RELU", [Tensor("t", (1, 8), "int8", np.empty(0), np.empty(0), 0, None)], None, "is not quantized"),
        ("CUMSUM", [ROW], None, "not on the compiler's list"),
    ],
)
def test_the_limits_of_the_list(name: str, inputs: list[Tensor], options: Any, reason: str | None) -> None:
    given = SimpleNamespace(**options) if isinstance(options, dict) else options
    said = why_not(Operator(name, 1, tuple(inputs), (ROW,), given))
    assert said is None if reason is None else reason in str(said)


def test_the_stretch_and_the_memory_are_those_of_what_comes_before() -> None:
    def leaky(model: Any) -> None:
        operators(model, "CONV_2D")[4].opcodeIndex = len(model.operatorCodes)
        other = type(model.operatorCodes[0])()
        other.deprecatedBuiltinCode = other.builtinCode = 98  # LEAKY_RELU
        other.version = 1
        model.operatorCodes.append(other)

    whole, cut = check(read_graph(NANO.graph)), checked(leaky)
    ends_at = [one.mapped for one in cut.verdicts].index(False)
    assert cut.verdicts[ends_at].name == "LEAKY_RELU"
    assert cut.stretch == ends_at
    assert all("only one stretch" in str(one.reason) for one in cut.verdicts[ends_at + 1 :])
    assert cut.edge_tpu_bytes == sum(one.edge_tpu_bytes for one in whole.verdicts[:ends_at])
    assert cut.as_json()["stretch"]["ends_at"]["layer"] == cut.verdicts[ends_at].layer


def test_check_prints_a_table_and_what_follows_from_it() -> None:
    done = run("fer_convert", "check", NANO.path)
    assert (done.code, done.err) == (0, "")
    assert "CONV_2D          3        10     mapped" in done.out
    assert "mapped: all 20 operators" in done.out
    assert "all stay on the chip" in done.out
    assert "labels: angry, disgust, fear, happy, sad, surprise, neutral" in done.out
    assert "nano.tflite: not compiled yet; all of it would run on the Edge TPU" in done.out


def test_check_as_json_says_the_same() -> None:
    report = json.loads(run("fer_convert", "check", NANO.path, "--json").out)
    assert (report["sha256"], report["labels"]) == (NANO.sha256, list(NANO.labels))
    assert (report["mappable"], report["compiled"]) == (True, False)
    assert sum(row["count"] for row in report["operators"]) == report["stretch"]["operators"] == 20
    assert report["stretch"]["ends_at"] is None
    assert 0 < report["memory"]["bytes"] < report["memory"]["limit"] == EDGE_TPU_MEMORY
    assert report["memory"]["streamed"] == 0
    assert report["tensors"]["floats"] == report["tensors"]["dynamic"] == []


def test_what_is_not_wholly_mapped_exits_with_1_and_says_where_it_ends(tmp_path: Path) -> None:
    def swish(model: Any) -> None:
        mean = code(model, "MEAN")
        mean.builtinCode = mean.deprecatedBuiltinCode = 117  # HARD_SWISH

    write_model(tmp_path / "fer.tflite", altered(NANO.graph, swish), NANO.labels, {})
    done = run("fer_convert", "check", tmp_path / "fer.tflite")
    assert (done.code, done.err) == (1, "")
    assert "mapped: 16 of 20 operators; 17, HARD_SWISH (" in done.out
    assert "and with it all that follows" in done.out
    assert "not all of it would run" in done.out
    assert json.loads(run("fer_convert", "check", tmp_path / "fer.tflite", "--json").out)["mappable"] is False


def test_a_compiled_model_is_said_to_be_one(tmp_path: Path) -> None:
    write_model(tmp_path / "whole.tflite", compiled(NANO.graph), NANO.labels, {})
    write_model(tmp_path / "part.tflite", compiled(NANO.graph, left=3), NANO.labels, {})
    whole, part = (run("fer_convert", "check", tmp_path / f"{name}.tflite") for name in ("whole", "part"))
    assert (whole.code, part.code) == (0, 1)
    assert "compiled for the Edge TPU; all of it runs on the Edge TPU" in whole.out
    assert "mapped: 1 of 4 operators" in part.out
    assert part.out.count("left to the CPU by the compiler") == 3
    assert "parameters:" not in part.out, "what is inside the compiler's operator cannot be told"


@pytest.mark.parametrize("entries", [{}, {"other.txt": "x"}], ids=["bare", "other-archive"])
def test_a_model_of_another_converter_is_judged_and_its_labels_are_missed(
    tmp_path: Path, entries: dict[str, str]
) -> None:
    (tmp_path / "bare.tflite").write_bytes(NANO.graph)
    if entries:
        append_entries(tmp_path / "bare.tflite", entries)
    assert read_bare(tmp_path / "bare.tflite").labels == ()
    done = run("fer_convert", "check", tmp_path / "bare.tflite")
    assert done.code == 0
    assert "labels: missing; fer-convert quantize appends them" in done.out


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (NANO.graph[:40_000], "fer.tflite: not a sound TFLite graph"),
        (b"PK nothing", "fer.tflite: not a TFLite model"),
        (NANO.path.read_bytes().replace(b"TFL3", b"TFL9"), "fer.tflite: not a TFLite model"),
        (NANO.path.read_bytes()[:60_000] + b"\1" + NANO.path.read_bytes()[60_001:], "sha256 differs"),
    ],
    ids=["cut", "no-model", "identifier", "flipped"],
)
def test_a_damaged_file_is_one_line_and_78(tmp_path: Path, content: bytes, complaint: str) -> None:
    (tmp_path / "fer.tflite").write_bytes(content)
    done = run("fer_convert", "check", tmp_path / "fer.tflite")
    assert done.code == 78
    assert done.err.count("\n") == 1
    assert complaint in done.err


@pytest.mark.parametrize(
    ("path", "complaint"), [("nosuch.tflite", "nosuch.tflite: No such file"), ("/dev/zero", "a directory or a device")]
)
def test_no_file_is_one_line_too(tmp_path: Path, path: str, complaint: str) -> None:
    done = run("fer_convert", "check", tmp_path / path)
    assert (done.code, done.err.count("\n")) == (78, 1)
    assert complaint in done.err


def test_flipped_bytes_are_judged_or_refused_and_nothing_else() -> None:
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
