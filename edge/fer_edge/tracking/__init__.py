"""Tracking of faces from frame to frame, and of their emotions."""
