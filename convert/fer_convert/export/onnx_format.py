"""Export to ONNX: float by Keras, int8 by tf2onnx; run by ONNX Runtime."""

from __future__ import annotations

import json
import logging
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_convert.export.tempered import with_temperature
from fer_data.classifiers import Classifier, Classify
from fer_edge.errors import MissingExtraError
from fer_edge.inference.temperature import apply_temperature

OPSET = 17


def export_onnx(classifier: Classifier, out: Path) -> Classify:
    """Write an ONNX file, with the labels as JSON in its metadata.

    Args:
        classifier: A Keras model, whose export takes float32 [N,48,48,1] of 0..255 and gives float32 probabilities; or
            a model file, whose export takes uint8 [1,side,side,1] and gives uint8, with scale, zero point and
            temperature in the metadata.
        out: The file to write.

    Returns:
        What runs the file: from uint8 [N,side,side] to probabilities.

    Raises:
        MissingExtraError: onnx, tf2onnx or onnxruntime is not installed.
    """
    try:
        import onnx
        import onnxruntime
        import tf2onnx  # noqa: F401 - used by Keras, and below
    except ImportError as error:
        raise MissingExtraError("fer-convert export --format onnx", "export", error.name) from error

    logging.getLogger("tf2onnx").setLevel(logging.ERROR)
    properties = {"labels": json.dumps(classifier.labels, ensure_ascii=False)}
    scale, zero_point = 1.0, 0
    if classifier.is_quantized:
        scale, zero_point = _output_quantization(classifier.model.graph)
        properties |= {"output_scale": str(scale), "output_zero_point": str(zero_point)}
        properties["temperature"] = str(classifier.temperature)
    with warnings.catch_warnings(action="ignore"):  # both announce what will be removed from NumPy and TensorFlow
        _convert(classifier, out)
    model = onnx.load(out)
    onnx.helper.set_model_props(model, properties)
    onnx.save(model, out)
    session = onnxruntime.InferenceSession(str(out), providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    dtype = np.uint8 if classifier.is_quantized else np.float32

    def classify(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        faces = pixels[:, None, ..., None].astype(dtype)
        rows = [session.run(None, {name: face})[0][0] for face in faces]
        output = ((np.array(rows, np.float32) - zero_point) * scale).astype(np.float32)
        return apply_temperature(output, classifier.temperature) if classifier.is_quantized else output

    return classify


def _convert(classifier: Classifier, out: Path) -> None:
    import keras
    import tf2onnx

    if classifier.is_quantized:
        source = out.with_suffix(".tflite")
        source.write_bytes(classifier.model.graph)
        tf2onnx.convert.from_tflite(str(source), opset=OPSET, output_path=str(out))
    else:
        model = with_temperature(classifier)
        (face,) = model.inputs
        signature = [keras.InputSpec(shape=face.shape, dtype="float32", name=face.name)]
        model.export(str(out), format="onnx", verbose=False, opset_version=OPSET, input_signature=signature)


def _output_quantization(graph: bytes) -> tuple[float, int]:
    """Scale and zero point of the only output of a full-integer TFLite graph."""
    from ai_edge_litert import schema_py_generated as schema

    subgraph: Any = schema.ModelT.InitFromPackedBuf(graph).subgraphs[0]
    quantization = subgraph.tensors[subgraph.outputs[0]].quantization
    return float(quantization.scale[0]), int(quantization.zeroPoint[0])
