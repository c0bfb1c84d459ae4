"""Fit the temperature of a model file, so that its scores are the chance of being right."""
