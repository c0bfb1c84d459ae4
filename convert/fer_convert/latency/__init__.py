"""Measure how long model files take on this machine."""
