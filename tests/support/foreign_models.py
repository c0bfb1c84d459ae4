"""Models of another origin: networks that classify faces by their brightness, in the forms that people have."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
import tensorflow as tf
from tests.support.synthetic_faces import write_csv

from fer_convert.quantize.scaling import Scaling
from fer_data.dataset import FaceSet
from fer_data.readers.fer2013 import FER2013_CLASSES

LABELS = ("sad", "neutral", "happy")
LEVELS = (40, 128, 215)  # grey levels of the faces of each class
UNIT = Scaling(0, 1)
CERTAINTY = 12.0  # of the networks: the difference of two logits, about


def bright_faces(count: int = 90, seed: int = 0) -> FaceSet:
    """Noise around the grey level of each class; a third is PublicTest."""
    rng = np.random.default_rng(seed)
    numbers = np.arange(count)
    levels = np.array(LEVELS)[numbers % 3][:, None, None]
    pixels = (levels + rng.normal(0, 20, (count, 48, 48))).clip(0, 255).astype(np.uint8)
    labels = np.array([FER2013_CLASSES.index(label) for label in LABELS])[numbers % 3]
    splits = np.where(numbers // 3 % 3 == 2, "PublicTest", "Training")
    return FaceSet(pixels, labels, splits, FER2013_CLASSES, np.array([f"line {number + 2}" for number in numbers]))


def write_bright_csv(path: Path, count: int = 90) -> Path:
    """Write these faces as a csv."""
    return write_csv(bright_faces(count), path)


def brightness_network(
    side: int | None = 48, channels: int = 1, scaling: Scaling = UNIT, activation: str | None = None
) -> keras.Model:
    """A network that classifies scaled faces by the nearest of LEVELS; `activation` is the last one."""
    centres = scaling.apply(np.array(LEVELS, np.uint8))
    gain = CERTAINTY / float(np.diff(centres).min()) ** 2
    faces = keras.Input((side, side, channels))
    dense = keras.layers.Dense(len(LABELS), activation=activation)
    network = keras.Model(faces, dense(keras.layers.GlobalAveragePooling2D()(faces)))
    dense.set_weights([np.tile(gain * centres / channels, (channels, 1)), -gain * centres**2 / 2])
    return network


def bright_or_dark_network(activation: str | None = "sigmoid") -> keras.Model:
    """A network with one output: the probability, or the logit, that a face scaled to 0..1 is bright."""
    faces = keras.Input((48, 48, 1))
    dense = keras.layers.Dense(1, activation=activation)
    network = keras.Model(faces, dense(keras.layers.GlobalAveragePooling2D()(faces)))
    dense.set_weights([np.array([[12.0]]), np.array([-6.0])])
    return network


def tflite(network: keras.Model, io_type: Any = tf.uint8, scaling: Scaling = UNIT) -> bytes:
    """What TensorFlow's converter makes of a network, full-integer inside. `io_type` is that of input and output."""
    channels = network.input_shape[-1]
    converter = tf.lite.TFLiteConverter.from_keras_model(network)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]

    def representative() -> Iterator[list[Any]]:
        shades = np.linspace(0, 255, 16).astype(np.uint8)
        for shade in shades:
            face = np.full((1, *network.input_shape[1:3], channels), shade, np.uint8)
            yield [scaling.apply(face)]

    converter.representative_dataset = representative
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = converter.inference_output_type = io_type
    return bytes(converter.convert())


def mini_xception() -> keras.Model:
    """The network of face_classification and the `fer` package (Arriaga et al., arXiv:1710.07557), random weights."""
    layers = keras.layers
    faces = x = keras.Input((64, 64, 1))
    for filters in (8, 8):
        x = layers.Conv2D(filters, 3, use_bias=False)(x)
        x = layers.Activation("relu")(layers.BatchNormalization()(x))
    for filters in (16, 32, 64, 128):
        shortcut = layers.BatchNormalization()(layers.Conv2D(filters, 1, strides=2, padding="same", use_bias=False)(x))
        x = layers.BatchNormalization()(layers.SeparableConv2D(filters, 3, padding="same", use_bias=False)(x))
        x = layers.Activation("relu")(x)
        x = layers.BatchNormalization()(layers.SeparableConv2D(filters, 3, padding="same", use_bias=False)(x))
        x = layers.Add()([layers.MaxPooling2D(3, strides=2, padding="same")(x), shortcut])
    x = layers.GlobalAveragePooling2D()(layers.Conv2D(len(FER2013_CLASSES), 3, padding="same")(x))
    return keras.Model(faces, layers.Activation("softmax", name="predictions")(x))


def save_as_keras_2(network: keras.Model, path: Path) -> Path:
    """Save a network as Keras 2 saved it: an HDF5 file with arguments of layers that Keras 3 does not take."""
    network.save(path)
    with h5py.File(path, "r+") as file:
        config = json.loads(file.attrs["model_config"])
        for layer in config["config"]["layers"]:
            _as_keras_2(layer)
        config["config"] = {
            name: config["config"][name] for name in ("name", "layers", "input_layers", "output_layers")
        }
        for end in ("input_layers", "output_layers"):
            names = config["config"][end]
            config["config"][end] = [names] if isinstance(names[0], str) else names
        file.attrs["model_config"] = json.dumps(config)
        file.attrs["keras_version"] = "2.4.0"
    return path


def _as_keras_2(layer: dict[str, Any]) -> None:
    config = layer["config"]
    config["dtype"] = "float32"
    for name in ("quantization_config", "lora_rank", "synchronized", "renorm", "renorm_clipping", "renorm_momentum"):
        config.pop(name, None)
    if layer["class_name"] == "InputLayer":
        config["batch_input_shape"] = config.pop("batch_shape")
    if layer["class_name"] == "BatchNormalization":
        config["axis"] = [config["axis"] % 4]
    if layer["class_name"] in ("SeparableConv2D", "DepthwiseConv2D"):
        config |= {"groups": 1, "kernel_regularizer": None, "kernel_constraint": None}
        config["kernel_initializer"] = {"class_name": "GlorotUniform", "config": {"seed": None}}
    layer["inbound_nodes"] = [
        [[*tensor["config"]["keras_history"], {}] for tensor in _tensors(node["args"])]
        for node in layer["inbound_nodes"]
    ]


def _tensors(arguments: Any) -> Iterator[dict[str, Any]]:
    if isinstance(arguments, dict):
        yield arguments
    else:
        for argument in arguments:
            yield from _tensors(argument)
