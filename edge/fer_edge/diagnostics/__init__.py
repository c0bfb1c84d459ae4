"""The checks of `fer-edge --check`, one module a part of the run."""
