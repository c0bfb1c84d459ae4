"""Export a trained model for other runtimes, and check what was written against the model."""
