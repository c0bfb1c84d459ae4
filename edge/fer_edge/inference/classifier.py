"""Face crops to class probabilities."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from fer_edge.inference.backends.edgetpu import AcceleratorError
from fer_edge.inference.engine import Engine
from fer_edge.inference.model_file import ModelError, ModelFile


class EmotionClassifier:
    """Runs a full-integer model on face crops.

    labels: the class names, in output order. side: height and width of a crop, pixels.
    """

    def __init__(self, model: ModelFile, engine: Engine) -> None:
        """Raises ModelError when the model's input, output and labels are not those of the contract."""
        self._interpreter = engine.interpreter
        self.runs_on = engine.runs_on
        self.model = model
        self.labels = model.labels
        taken, given = self._interpreter.get_input_details(), self._interpreter.get_output_details()
        if len(taken) != 1 or len(given) != 1:
            raise ModelError(
                f"model {model.path}: it has {len(taken)} inputs and {len(given)} outputs; expected one each"
            )
        self._input, self._output = taken[0], given[0]
        self._check(model)
        self.side = int(self._input["shape"][1])
        self._scale, self._zero = self._output["quantization"]

    def _check(self, model: ModelFile) -> None:
        for tensor, kinds in ((self._input, (np.uint8,)), (self._output, (np.uint8, np.int8))):
            if tensor["dtype"] not in kinds:
                raise ModelError(
                    f"model {model.path}: tensor {tensor['name']} is {np.dtype(tensor['dtype']).name}, "
                    f"expected {' or '.join(np.dtype(kind).name for kind in kinds)}; fer-convert quantize makes such"
                )
        shape = [int(size) for size in self._input["shape"]]
        if len(shape) != 4 or shape[0] != 1 or not 0 < shape[1] == shape[2] or shape[3] != 1:
            raise ModelError(f"model {model.path}: its input is {shape}, expected [1, side, side, 1] (grey faces)")
        shape = [int(size) for size in self._output["shape"]]
        if shape != [1, len(self.labels)]:
            raise ModelError(f"model {model.path}: its output is {shape}, but it has {len(self.labels)} labels")
        scale = float(self._output["quantization"][0])
        if not 0 < scale < 1:
            raise ModelError(f"model {model.path}: the scale of its output is {scale}, expected one of 1/256 or so")

    def warm_up(self) -> None:
        """Classify a black face: the first call takes long, since it uploads the model to the Edge TPU."""
        self._classify(np.zeros((self.side, self.side), np.uint8))

    def classify(self, faces: Iterable[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """Probabilities float32 [N,classes] of N crops, each uint8 [side,side], grey values 0..255.

        Raises AcceleratorError when what it runs on fails, as an Edge TPU does that is pulled out. It does not come
        back by itself: the process must start anew.
        """
        rows = [self._classify(face) for face in faces]
        return np.array(rows, np.float32).reshape(-1, len(self.labels))

    def _classify(self, face: NDArray[np.uint8]) -> NDArray[np.float32]:
        self._interpreter.set_tensor(self._input["index"], face[None, :, :, None])
        try:
            self._interpreter.invoke()
        except RuntimeError as error:
            raise AcceleratorError(f"{self.runs_on} failed at a face: {error}") from error
        quantized = self._interpreter.get_tensor(self._output["index"])[0]
        return np.asarray((quantized.astype(np.float32) - self._zero) * self._scale, np.float32)
