"""What the trainer and the converter share: data sets, metrics, plots, TFLite graphs. Runs on the host only."""
