"""fer-train: from labelled faces to a trained model and a report on it.

recipe.py        every hyper-parameter of a run, with its default and range
commands/        the subcommands: fit, report, inspect, clean, crop
architectures/   the networks, one module a family; to add one, see architectures/registry.py
training/        the run: batches, augmentation, targets, weight averaging, checkpoints, resuming
report/          metrics.json, plots and report.html
dataset_tools/   inspecting and cleaning a data set, cropping faces from photographs
"""
