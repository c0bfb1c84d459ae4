"""Which backend a value of `--accelerator` selects, and which one a model was compiled for.

`base` only holds the protocol; mypy and the tests of each backend check it.
"""

from __future__ import annotations

import pytest

from fer_edge.config.accelerator import parse_accelerator
from fer_edge.config.model import DEFAULT_MODEL
from fer_edge.errors import UsageError
from fer_edge.inference.backends import BACKENDS, CPU, allowed_backends, compiled_for, parse_backend
from fer_edge.inference.model_file import ModelFile, read_model

SPECS = (
    "cpu",
    "edgetpu",
    "edgetpu:usb:0",
    "edgetpu:pci:1",
    "delegate:/opt/my lib.so",
    "delegate:libgpu.so?precision=fp16&cache=/tmp/a=b",
)


@pytest.mark.parametrize("spec", SPECS)
def test_a_backend_is_named_by_its_spec(spec: str) -> None:
    backend = parse_backend(parse_accelerator(spec))
    assert backend.spec == spec
    assert backend.name == spec.partition(":")[0]


@pytest.mark.parametrize(
    "spec",
    [
        "gpu",
        "auto",
        "cpu:0",
        "edgetpu:usb",
        "edgetpu:usb:x",
        "delegate",
        "delegate:?precision=fp16",
        "delegate:libgpu.so?precision",
    ],
)
def test_the_error_for_any_other_spec_lists_what_is_allowed(spec: str) -> None:
    with pytest.raises(UsageError) as raised:
        parse_backend(spec)
    *examples, last = ["auto", *(example for backend in BACKENDS for example in backend.examples)]
    assert str(raised.value) == f"{spec}: expected {', '.join(examples)} or {last}"
    assert raised.value.setting == "model.accelerator"


def test_every_backend_accepts_its_own_examples() -> None:
    for backend in BACKENDS:
        for example in backend.examples:
            assert parse_backend(example).name == backend.name


def test_names_are_unique_and_the_cpu_is_last() -> None:
    names = [backend.name for backend in BACKENDS]
    assert len(set(names)) == len(names)
    assert names[-1] == CPU.name == "cpu"


def test_auto_allows_every_backend_and_a_spec_only_its_own() -> None:
    assert allowed_backends("auto") == BACKENDS
    (backend,) = allowed_backends("edgetpu:usb:0")
    assert backend.spec == "edgetpu:usb:0"


def test_a_model_was_compiled_for_the_edge_tpu_or_for_none(compiled: ModelFile) -> None:
    backend = compiled_for(compiled)
    assert backend
    assert backend.name == "edgetpu"
    assert compiled_for(read_model(DEFAULT_MODEL)) is None
