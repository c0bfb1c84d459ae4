"""What trainer and converter share: data sets, metrics, plots, and the reading of TFLite graphs."""
