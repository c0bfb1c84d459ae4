"""Whether a model keeps the device's contract, read from the file alone."""

from __future__ import annotations

from fer_data.tflite_graph import Tensor, read_graph
from fer_edge.inference.contract import TensorSpec, contract_problems, require_contract
from fer_edge.inference.model_file import ModelFile, model_error


def describe_problems(model: ModelFile) -> list[str]:
    """All that the model lacks to run on the device, a phrase each. Raises ModelError for a damaged graph."""
    return contract_problems(*_ends(model), model.labels)


def require_sound(model: ModelFile) -> None:
    """Raise ModelError, with all that the model lacks, unless the device can run it."""
    require_contract(model, *_ends(model))


def _ends(model: ModelFile) -> tuple[list[TensorSpec], list[TensorSpec]]:
    """The inputs and outputs of its graph."""
    try:
        graph = read_graph(model.graph)
    except ValueError as error:
        raise model_error(model.path, str(error)) from error
    return [*map(tensor_spec, graph.inputs)], [*map(tensor_spec, graph.outputs)]


def tensor_spec(tensor: Tensor) -> TensorSpec:
    """A tensor of a graph as the device's interpreter describes it."""
    if len(tensor.scales) != 1:
        return TensorSpec(tensor.dtype, tensor.shape)
    return TensorSpec(tensor.dtype, tensor.shape, float(tensor.scales[0]), int(tensor.zero_points[0]))
