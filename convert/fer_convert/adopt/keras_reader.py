"""Reading Keras models of another origin: `.keras`, the `.h5` of Keras 2, and SavedModel folders."""

from __future__ import annotations

import textwrap
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import keras

from fer_edge.errors import UsageError

HDF5_SUFFIX = ".h5"
SUFFIXES = {
    b"\x89HDF": HDF5_SUFFIX,
    b"PK\3\4": ".keras",
}  # by the first bytes of a file; Keras goes by the suffix alone
EXPECTED = "expected a Keras model (.keras, .h5 or a SavedModel folder) or an int8 or uint8 .tflite"
NEUTRAL_FORM = "export it with model.export(FOLDER), and adopt that folder,"
ENDPOINT = "serving_default"  # of a SavedModel
MAX_REASON = 300  # characters of an error of Keras, which may print a whole configuration


def read_keras(path: Path, side: int | None) -> keras.Model:
    """Read a Keras model that has one input and one output.

    Args:
        path: The file, or the folder of a SavedModel.
        side: Height and width of the input of a network that leaves them open.

    Raises:
        UsageError: Keras cannot read it, or it has other inputs or outputs.
    """
    try:
        model = _load_saved_model(path, side) if path.is_dir() else _load_file(path)
        inputs, outputs = model.inputs, model.outputs
    except UsageError:
        raise
    except Exception as error:
        reason = textwrap.shorten(str(error), MAX_REASON)
        message = f"{path}: Keras {keras.__version__} cannot read it: {reason}"
        raise UsageError(message, cure=f"{NEUTRAL_FORM} if it has layers of its own") from error
    if len(inputs) != 1 or len(outputs) != 1:
        raise UsageError(f"{path}: it has {len(inputs)} inputs and {len(outputs)} outputs; expected one of each")
    return _with_fixed_side(model, side)


def _load_file(path: Path) -> keras.Model:
    with path.open("rb") as file:
        suffix = SUFFIXES.get(file.read(4))
    if suffix is None:
        raise UsageError(f"{path}: {EXPECTED}")
    if suffix == HDF5_SUFFIX and not _has_network(path):
        cure = "build the network in Keras, load them into it, and save it as .keras"
        raise UsageError(f"{path}: weights without their network", cure=cure)
    with TemporaryDirectory() as folder, keras.utils.custom_object_scope(KERAS_2_LAYERS):
        named = Path(folder) / f"{path.stem}{suffix}"
        named.symlink_to(path.resolve())
        return keras.saving.load_model(named, compile=False)


def _has_network(path: Path) -> bool:
    import h5py

    with h5py.File(path) as file:
        return "model_config" in file.attrs


def _load_saved_model(path: Path, side: int | None) -> keras.Model:
    import tensorflow as tf

    signature = tf.saved_model.load(path).signatures[ENDPOINT]
    specs = list(signature.structured_input_signature[1].values())
    if len(specs) != 1 or len(signature.structured_outputs) != 1:
        counts = f"{len(specs)} inputs and {len(signature.structured_outputs)} outputs"
        raise UsageError(f"{path}: it has {counts}; expected one of each")
    face = keras.Input([side if size is None else size for size in specs[0].shape[1:]])
    (scores,) = keras.layers.TFSMLayer(path, call_endpoint=ENDPOINT)(face).values()
    return keras.Model(face, scores)


def _with_fixed_side(model: keras.Model, side: int | None) -> keras.Model:
    shape = model.inputs[0].shape[1:]
    if None not in shape or side is None:
        return model
    face = keras.Input((side, side, shape[-1]))
    return keras.Model(face, model(face))


def _of_keras_2(layer: type[Any], *dropped: str) -> type[Any]:
    """A layer that takes the arguments of its Keras 2 version, which Keras 3 does not have and which have no effect."""

    def __init__(self: Any, **config: Any) -> None:  # noqa: N807
        layer.__init__(self, **{name: value for name, value in config.items() if name not in dropped})

    return type(layer.__name__, (layer,), {"__init__": __init__})


KERNEL = ("kernel_initializer", "kernel_regularizer", "kernel_constraint")
KERAS_2_LAYERS = {
    "SeparableConv2D": _of_keras_2(keras.layers.SeparableConv2D, "groups", *KERNEL),
    "DepthwiseConv2D": _of_keras_2(keras.layers.DepthwiseConv2D, "groups", *KERNEL, "filters"),
    "Conv2DTranspose": _of_keras_2(keras.layers.Conv2DTranspose, "groups"),
}
