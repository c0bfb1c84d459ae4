"""Face crops to class probabilities."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from fer_edge.inference.backends.base import AcceleratorError
from fer_edge.inference.engine import InferenceEngine
from fer_edge.inference.model_file import ModelFile, model_error


class EmotionClassifier:
    """Runs a full-integer model on face crops.

    Attributes:
        model: The model file.
        labels: Class names, in output order.
        side: Height and width of a crop, in pixels.
        runs_on: Backend, runtime and threads; see InferenceEngine.
    """

    def __init__(self, model: ModelFile, engine: InferenceEngine) -> None:
        """Raises ModelError when the tensors are not what the daemon expects: uint8 input, one output per label."""
        self._interpreter = engine.interpreter
        self.runs_on = engine.runs_on
        self.model = model
        self.labels = model.labels
        inputs, outputs = self._interpreter.get_input_details(), self._interpreter.get_output_details()
        if len(inputs) != 1 or len(outputs) != 1:
            raise model_error(
                model.path, f"it has {len(inputs)} inputs and {len(outputs)} outputs; expected one of each"
            )
        self._input, self._output = inputs[0], outputs[0]
        self._check_tensors()
        self.side = int(self._input["shape"][1])
        self._scale, self._zero_point = self._output["quantization"]

    def _check_tensors(self) -> None:
        path = self.model.path
        for tensor, dtypes in ((self._input, (np.uint8,)), (self._output, (np.uint8, np.int8))):
            if tensor["dtype"] not in dtypes:
                expected = " or ".join(np.dtype(dtype).name for dtype in dtypes)
                raise model_error(
                    path,
                    f"tensor {tensor['name']} is {np.dtype(tensor['dtype']).name}, expected {expected}",
                    "make it with fer-convert quantize",
                )
        shape = [int(size) for size in self._input["shape"]]
        if len(shape) != 4 or shape[0] != 1 or not 0 < shape[1] == shape[2] or shape[3] != 1:
            raise model_error(path, f"its input is {shape}, expected [1, side, side, 1] (grey faces)")
        shape = [int(size) for size in self._output["shape"]]
        if shape != [1, len(self.labels)]:
            raise model_error(path, f"its output is {shape}, but it has {len(self.labels)} labels")
        scale = float(self._output["quantization"][0])
        if not 0 < scale < 1:
            raise model_error(path, f"the scale of its output is {scale}, expected about 1/256")

    def warm_up(self) -> None:
        """Classify a black face: the first call is slow, since it uploads the model to the Edge TPU."""
        self._classify(np.zeros((self.side, self.side), np.uint8))

    def classify(self, faces: Iterable[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """Classify face crops.

        Args:
            faces: N crops, each uint8 [side,side], grey values 0..255.

        Returns:
            Probabilities 0..1, float32 [N,classes].

        Raises:
            AcceleratorError: Inference failed, e.g. because the Edge TPU was unplugged. The interpreter does not
                recover: the process has to be restarted.
        """
        rows = [self._classify(face) for face in faces]
        return np.array(rows, np.float32).reshape(-1, len(self.labels))

    def _classify(self, face: NDArray[np.uint8]) -> NDArray[np.float32]:
        self._interpreter.set_tensor(self._input["index"], face[None, :, :, None])
        try:
            self._interpreter.invoke()
        except RuntimeError as error:
            raise AcceleratorError(f"{self.runs_on}: inference failed: {error}") from error
        quantized = self._interpreter.get_tensor(self._output["index"])[0]
        return np.asarray((quantized.astype(np.float32) - self._zero_point) * self._scale, np.float32)
