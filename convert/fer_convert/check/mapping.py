"""Which operators of a model the Edge TPU compiler will map, predicted from the file alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from fer_convert.check.operators import COMPILED, is_dynamic, is_float, is_too_new, unsupported_reason
from fer_data.edgetpu_memory import EDGE_TPU_MEMORY
from fer_data.tflite_cost import parameter_bytes
from fer_data.tflite_graph import Graph, Operator, read_graph
from fer_edge.errors import UsageError
from fer_edge.inference.model_file import ModelFile, model_error

AFTER_UNMAPPED = "follows an unmapped operator: the compiler maps one contiguous run only"
MODEL_REFUSED = "the compiler does not load a model that has an operator of too new a version"
MAX_NAMED = 3  # names listed in a message


@dataclass(frozen=True)
class OperatorMapping:
    """Whether one operator is mapped to the Edge TPU.

    Attributes:
        name: Type of the operator, e.g. CONV_2D.
        version: Version of the operator.
        layer: Name that the converter gave it.
        reason: Why it is not mapped; None if it is.
        edge_tpu_bytes: Estimated memory of its parameters on the Edge TPU.
    """

    name: str
    version: int
    layer: str
    reason: str | None
    edge_tpu_bytes: int

    @property
    def mapped(self) -> bool:
        """Whether it will run on the Edge TPU."""
        return self.reason is None


@dataclass(frozen=True)
class OperatorCount:
    """How many operators of one type and version are mapped, or not mapped for one reason."""

    name: str
    version: int
    count: int
    mapped: bool
    reason: str | None


@dataclass(frozen=True)
class MappingReport:
    """What the file reveals about the model and the Edge TPU.

    Attributes:
        compiled: Whether the Edge TPU compiler has compiled the model.
        operators: In the order in which they run.
        dtypes: Number of tensors of each type.
        floats: Names of the floating-point tensors.
        dynamic: Names of the tensors with a dynamic size.
    """

    compiled: bool
    operators: tuple[OperatorMapping, ...]
    dtypes: dict[str, int]
    floats: tuple[str, ...]
    dynamic: tuple[str, ...]

    @property
    def unsupported(self) -> tuple[OperatorMapping, ...]:
        """The operators that are not mapped because of their own properties."""
        return tuple(one for one in self.operators if one.reason not in (None, AFTER_UNMAPPED, MODEL_REFUSED))

    @property
    def mappable(self) -> bool:
        """Whether the whole model will run on the Edge TPU."""
        return bool(self.operators) and not (self.unsupported or self.floats or self.dynamic)

    @property
    def mapped_count(self) -> int:
        """Number of operators that are mapped, from the first one on."""
        return sum(one.mapped for one in self.operators)

    @property
    def edge_tpu_bytes(self) -> int | None:
        """Estimated memory of the mapped parameters, bytes; None for a compiled model, which hides them."""
        return None if self.compiled else sum(one.edge_tpu_bytes for one in self.operators if one.mapped)

    @property
    def streamed_bytes(self) -> int | None:
        """The part of that memory which does not fit and is fetched for every face, bytes."""
        return None if self.edge_tpu_bytes is None else max(0, self.edge_tpu_bytes - EDGE_TPU_MEMORY)

    def rows(self) -> tuple[OperatorCount, ...]:
        """The operators counted by type, version and reason, in order of appearance."""
        counts = Counter((one.name, one.version, one.reason) for one in self.operators)
        return tuple(
            OperatorCount(name, version, count, reason is None, reason)
            for (name, version, reason), count in counts.items()
        )

    def as_json(self) -> dict[str, Any]:
        """The report as JSON values; sizes in bytes."""
        end = next((asdict(one) for one in self.operators if not one.mapped), None)
        return {
            "compiled": self.compiled,
            "mappable": self.mappable,
            "operators": [asdict(row) for row in self.rows()],
            "stretch": {"mapped": self.mapped_count, "operators": len(self.operators), "ends_at": end},
            "memory": {"bytes": self.edge_tpu_bytes, "limit": EDGE_TPU_MEMORY, "streamed": self.streamed_bytes},
            "tensors": {"types": self.dtypes, "floats": list(self.floats), "dynamic": list(self.dynamic)},
        }


def check_model(model: ModelFile) -> MappingReport:
    """Check the graph of a model file. Raises ModelError when it is damaged."""
    try:
        return check_graph(read_graph(model.graph))
    except ValueError as error:
        raise model_error(model.path, str(error)) from error


def check_graph(graph: Graph) -> MappingReport:
    """Check the operators in order. Raises ValueError when one lacks an input that its type needs."""
    compiled = any(operator.name == COMPILED for operator in graph.operators)
    mappings: list[OperatorMapping] = []
    blocked = MODEL_REFUSED if any(map(is_too_new, graph.operators)) else None
    for operator in graph.operators:
        reason = _left_on_cpu(operator) if compiled else unsupported_reason(operator) or blocked
        blocked = blocked or (reason and AFTER_UNMAPPED)
        mappings.append(
            OperatorMapping(operator.name, operator.version, operator.layer, reason, parameter_bytes(operator))
        )
    return MappingReport(
        compiled,
        tuple(mappings),
        dict(Counter(tensor.dtype for tensor in graph.tensors).most_common()),
        tuple(tensor.name for tensor in graph.tensors if is_float(tensor)),
        tuple(tensor.name for tensor in graph.tensors if is_dynamic(tensor)),
    )


def require_mappable(source: Path, report: MappingReport, *, allow_cpu_ops: bool) -> None:
    """Raise UsageError, naming layers, unless the model made of `source` runs on the Edge TPU as a whole.

    `allow_cpu_ops` accepts unsupported operators, but never floating-point tensors or dynamic sizes.
    """
    if report.floats:
        raise UsageError(f"{source}: is not full-integer; these tensors stay floating-point: {_listed(report.floats)}")
    if report.dynamic:
        raise UsageError(f"{source}: every size must be fixed; these tensors are dynamic: {_listed(report.dynamic)}")
    if report.unsupported and not allow_cpu_ops:
        named = _listed([f"{one.name} in {one.layer} ({one.reason})" for one in report.unsupported])
        raise UsageError(f"{source}: the Edge TPU does not support {named}; --allow-cpu-ops leaves that to the CPU")


def _listed(names: Sequence[str]) -> str:
    rest = len(names) - MAX_NAMED
    return ", ".join(names[:MAX_NAMED]) + (f" and {rest} more" if rest > 0 else "")


def _left_on_cpu(operator: Operator) -> str | None:
    return None if operator.name == COMPILED else "left to the CPU by the compiler"
