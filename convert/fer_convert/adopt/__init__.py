"""Make a model file of a model that was not trained with fer-train."""
