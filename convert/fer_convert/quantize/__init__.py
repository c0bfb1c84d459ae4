"""Quantize a Keras model to full-integer TFLite."""
