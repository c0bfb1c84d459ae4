"""Host side: from a trained Keras model to a full-integer TFLite model file, and how good that file is.

One package a command of `fer-convert`: quantize, adopt, check, compile, evaluate, latency.
"""

from fer_edge.inference.runtimes import import_runtimes

# Before TensorFlow: tflite-runtime fails in a process where TensorFlow was imported first.
import_runtimes()
