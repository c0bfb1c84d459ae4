"""Host side: faces on disk to a trained Keras model and a report."""
