"""Compile a model file for the Edge TPU with Google's edgetpu_compiler."""
