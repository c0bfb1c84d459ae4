"""The checks of `fer-edge --check`, one module for each part of the run."""
