"""Face crops to class probabilities."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from fer_edge.inference.backends.base import AcceleratorError
from fer_edge.inference.contract import TensorSpec, require_contract
from fer_edge.inference.engine import InferenceEngine
from fer_edge.inference.model_file import ModelFile
from fer_edge.inference.temperature import apply_temperature


class EmotionClassifier:
    """Runs a full-integer model on face crops.

    Attributes:
        model: The model file.
        labels: Class names, in output order.
        side: Height and width of a crop, in pixels.
        runs_on: Backend, runtime and threads; see InferenceEngine.
    """

    def __init__(self, model: ModelFile, engine: InferenceEngine) -> None:
        """Raises ModelError, with all that the model lacks: see `fer_edge.inference.contract`."""
        self._interpreter = engine.interpreter
        self.runs_on = engine.runs_on
        self.model = model
        self.labels = model.labels
        inputs, outputs = self._interpreter.get_input_details(), self._interpreter.get_output_details()
        require_contract(model, [*map(TensorSpec.of_details, inputs)], [*map(TensorSpec.of_details, outputs)])
        (self._input,), (self._output,) = inputs, outputs
        self.side = int(self._input["shape"][1])
        self._scale, self._zero_point = self._output["quantization"]

    def warm_up(self) -> None:
        """Classify a black face: the first call is slow, since it uploads the model to the Edge TPU."""
        self._classify(np.zeros((self.side, self.side), np.uint8))

    def classify(self, faces: Iterable[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """Classify face crops.

        Args:
            faces: N crops, each uint8 [side,side], grey values 0..255.

        Returns:
            Probabilities 0..1 at the temperature of the model, float32 [N,classes].

        Raises:
            AcceleratorError: Inference failed, e.g. because the Edge TPU was unplugged. The interpreter does not
                recover: the process has to be restarted.
        """
        rows = [self._classify(face) for face in faces]
        probabilities = np.array(rows, np.float32).reshape(-1, len(self.labels))
        return apply_temperature(probabilities, self.model.temperature)

    def _classify(self, face: NDArray[np.uint8]) -> NDArray[np.float32]:
        self._interpreter.set_tensor(self._input["index"], face[None, :, :, None])
        try:
            self._interpreter.invoke()
        except RuntimeError as error:
            raise AcceleratorError(f"{self.runs_on}: inference failed: {error}") from error
        quantized = self._interpreter.get_tensor(self._output["index"])[0]
        return np.asarray((quantized.astype(np.float32) - self._zero_point) * self._scale, np.float32)
