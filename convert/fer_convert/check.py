"""Will the whole model run on the Edge TPU? What can be told from the file alone, without the compiler."""

from __future__ import annotations

import zipfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from fer_convert.operators import COMPILED, is_dynamic, is_float, is_too_new, why_not
from fer_data.edgetpu_memory import EDGE_TPU_MEMORY, depthwise_bytes, edge_tpu_bytes
from fer_data.tflite_graph import Graph, Operator, read_graph
from fer_edge.errors import UsageError
from fer_edge.inference.model_file import LABELS, TFLITE_IDENTIFIER, ModelError, ModelFile, read_content, read_model

AFTERWARDS = "behind one that is not mapped: only one stretch is"
UNREAD = "the compiler does not load a model with an operator of too new a version"


@dataclass(frozen=True)
class Verdict:
    """What becomes of one operator. layer: as the converter named it. reason: why it is not mapped, or None."""

    name: str
    version: int
    layer: str
    reason: str | None
    edge_tpu_bytes: int  # estimated memory that its parameters take there

    @property
    def mapped(self) -> bool:
        """Whether it will run on the Edge TPU."""
        return self.reason is None


@dataclass(frozen=True)
class Row:
    """Operators of a kind that share their fate."""

    name: str
    version: int
    count: int
    mapped: bool
    reason: str | None


@dataclass(frozen=True)
class Report:
    """What is known of a model.

    compiled: whether the Edge TPU compiler has been over it. verdicts: in the order in which the operators run.
    dtypes: how many tensors there are of each type. floats, dynamic: names of the tensors that are floating-point, and
    of those with a size left open.
    """

    compiled: bool
    verdicts: tuple[Verdict, ...]
    dtypes: dict[str, int]
    floats: tuple[str, ...]
    dynamic: tuple[str, ...]

    @property
    def off_list(self) -> tuple[Verdict, ...]:
        """The operators that the Edge TPU does not take for a reason of their own."""
        return tuple(one for one in self.verdicts if one.reason not in (None, AFTERWARDS, UNREAD))

    @property
    def mappable(self) -> bool:
        """Whether all of it will run on the Edge TPU."""
        return bool(self.verdicts) and not (self.off_list or self.floats or self.dynamic)

    @property
    def stretch(self) -> int:
        """How many operators from the first on are mapped."""
        return sum(one.mapped for one in self.verdicts)

    @property
    def edge_tpu_bytes(self) -> int | None:
        """Estimated memory of the mapped parameters, bytes; None once they have gone into the compiler's operator."""
        return None if self.compiled else sum(one.edge_tpu_bytes for one in self.verdicts if one.mapped)

    @property
    def streamed_bytes(self) -> int | None:
        """What of that does not fit and is fetched anew for every face, bytes."""
        return None if self.edge_tpu_bytes is None else max(0, self.edge_tpu_bytes - EDGE_TPU_MEMORY)

    def rows(self) -> tuple[Row, ...]:
        """The table: operators of one kind, version and fate counted together, in order of appearance."""
        counts = Counter((one.name, one.version, one.reason) for one in self.verdicts)
        return tuple(Row(name, version, count, why is None, why) for (name, version, why), count in counts.items())

    def as_json(self) -> dict[str, Any]:
        """For programs; sizes in bytes."""
        end = next((asdict(one) for one in self.verdicts if not one.mapped), None)
        return {
            "compiled": self.compiled,
            "mappable": self.mappable,
            "operators": [asdict(row) for row in self.rows()],
            "stretch": {"mapped": self.stretch, "operators": len(self.verdicts), "ends_at": end},
            "memory": {"bytes": self.edge_tpu_bytes, "limit": EDGE_TPU_MEMORY, "streamed": self.streamed_bytes},
            "tensors": {"types": self.dtypes, "floats": list(self.floats), "dynamic": list(self.dynamic)},
        }


def read_bare(path: Path) -> ModelFile:
    """A model file as read_model gives it, or one without labels, such as any other converter makes.

    Raises ModelError when it is no TFLite model, or one of this project's that is damaged.
    """
    content = read_content(path)
    if content[4:8] == TFLITE_IDENTIFIER and not _has_labels(path):
        return ModelFile(path, content, (), {})
    return read_model(path)


def _has_labels(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            return LABELS in archive.namelist()
    except (zipfile.BadZipFile, ValueError):
        return False


def check_model(model: ModelFile) -> Report:
    """Check the graph of a model file. Raises ModelError when it is damaged."""
    try:
        return check(read_graph(model.graph))
    except ValueError as error:
        raise ModelError(f"model {model.path}: {error}") from error


def check(graph: Graph) -> Report:
    """Go through the operators in order. Raises ValueError when one lacks what its kind must have."""
    compiled = any(operator.name == COMPILED for operator in graph.operators)
    verdicts: list[Verdict] = []
    hindrance = UNREAD if any(map(is_too_new, graph.operators)) else None
    for operator in graph.operators:
        reason = _left(operator) if compiled else why_not(operator) or hindrance
        hindrance = hindrance or (reason and AFTERWARDS)
        verdicts.append(Verdict(operator.name, operator.version, operator.layer, reason, _memory(operator)))
    return Report(
        compiled,
        tuple(verdicts),
        dict(Counter(tensor.dtype for tensor in graph.tensors).most_common()),
        tuple(tensor.name for tensor in graph.tensors if is_float(tensor)),
        tuple(tensor.name for tensor in graph.tensors if is_dynamic(tensor)),
    )


def refuse_unfit(source: Path, report: Report, allow_cpu_ops: bool) -> None:
    """Raise UsageError, naming layers, when what became of `source` would not run on the Edge TPU as a whole.

    `allow_cpu_ops` lets operators pass that the Edge TPU lacks; a tensor that is floating-point or of an open size
    never passes.
    """
    if report.floats:
        raise UsageError(f"{source}: does not become full-integer; floating-point stay: {_some(report.floats)}")
    if report.dynamic:
        raise UsageError(f"{source}: every size must be fixed; open stay: {_some(report.dynamic)}")
    if report.off_list and not allow_cpu_ops:
        named = _some([f"{one.name} in {one.layer} ({one.reason})" for one in report.off_list])
        raise UsageError(f"{source}: the Edge TPU does not take {named}; --allow-cpu-ops leaves that to the CPU")


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _left(operator: Operator) -> str | None:
    return None if operator.name == COMPILED else "left to the CPU by the compiler"


def _memory(operator: Operator) -> int:
    if operator.name == "FULLY_CONNECTED":
        outputs, inputs = _shape(operator, 2)
        return edge_tpu_bytes((1, 1, inputs, outputs))
    if operator.name == "CONV_2D":
        outputs, height, width, inputs = _shape(operator, 4)
        return edge_tpu_bytes((height, width, inputs, outputs))
    if operator.name == "DEPTHWISE_CONV_2D":
        _, height, width, outputs = _shape(operator, 4)
        return depthwise_bytes((height, width, outputs, 1))
    return 0


def _shape(operator: Operator, rank: int) -> tuple[int, ...]:
    """The shape of its weights, in the order of TFLite: outputs first."""
    shape = operator.taken(1).shape
    if len(shape) != rank:
        raise ValueError(f"{operator.name} {operator.layer} has weights {list(shape)}, expected {rank} sizes")
    return shape
