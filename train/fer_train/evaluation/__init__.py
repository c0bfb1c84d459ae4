"""Evaluating trained models: on pictures, and side by side."""
