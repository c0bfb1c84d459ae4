"""Predict from the model file alone whether the Edge TPU will run all of it."""
