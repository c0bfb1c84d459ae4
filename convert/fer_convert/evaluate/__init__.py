"""Measure the accuracy of model files, side by side."""
