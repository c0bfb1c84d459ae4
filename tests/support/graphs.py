"""Flatbuffers that no converter makes: a sound graph, changed."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from ai_edge_litert import schema_py_generated as schema
from tests.support.models import pack

from fer_edge.config.model import parse_model
from fer_edge.inference.model_file import read_model

NANO = read_model(parse_model("nano"))


def altered(graph: bytes, change: Callable[[Any], None]) -> bytes:
    """The graph after `change`, which is given the schema's ModelT."""
    model = schema.ModelT.InitFromPackedBuf(graph, 0)
    change(model)
    return pack(model)


def code(model: Any, name: str) -> Any:
    """The entry of a graph's operator table that is called `name`."""
    wanted = getattr(schema.BuiltinOperator, name)
    return next(code for code in model.operatorCodes if max(code.builtinCode, code.deprecatedBuiltinCode) == wanted)


def operators(model: Any, name: str) -> list[Any]:
    """The operators of a kind, in order."""
    index = model.operatorCodes.index(code(model, name))
    return [operator for operator in model.subgraphs[0].operators if operator.opcodeIndex == index]


def compiled(graph: bytes, left: int = 0) -> bytes:
    """What the compiler would make of it: one custom operator in place of all, but for the last `left`."""

    def change(model: Any) -> None:
        subgraph = model.subgraphs[0]
        custom = schema.OperatorCodeT()
        custom.deprecatedBuiltinCode = custom.builtinCode = schema.BuiltinOperator.CUSTOM
        custom.customCode, custom.version = b"edgetpu-custom-op", 1
        model.operatorCodes.append(custom)
        mapped, rest = (subgraph.operators[: -left or None], subgraph.operators[-left:] if left else [])
        one = copy.copy(mapped[-1])
        one.inputs, one.opcodeIndex = subgraph.inputs, len(model.operatorCodes) - 1
        one.builtinOptionsType, one.builtinOptions = 0, None
        subgraph.operators = [one, *rest]

    return altered(graph, change)
