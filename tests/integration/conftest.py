"""Fixtures of the end-to-end tests."""

from tests.support.fake_edgetpu import compiled, edgetpu, fake_library

__all__ = ["compiled", "edgetpu", "fake_library"]
