"""Host side: a trained Keras model to a full-integer TFLite model file, and what that file is worth."""

# Before TensorFlow: tflite-runtime fails in a process where TensorFlow was imported first.
from fer_edge.inference.runtimes import import_runtimes

import_runtimes()
