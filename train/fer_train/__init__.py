"""fer-train: from labelled faces to a trained model and a report on it.

What is where:

- recipe.py: every hyper-parameter of a run, with its default and range
- commands/: the subcommands fit, report, inspect, clean and crop
- architectures/: the networks, one module a family; registry.py describes how to add one
- training/: the run itself: batches, augmentation, targets, weight averaging, checkpoints, resuming
- prediction.py: the probabilities of a model for faces
- report/: metrics.json, plots and report.html
- dataset_tools/: inspecting and cleaning a data set, cropping faces from photographs
"""

import fer_edge  # noqa: F401 - sets the limits of OpenCV, before a module here imports it
