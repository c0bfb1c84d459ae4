"""The report on a trained model: metrics.json, plots, and one HTML page."""
