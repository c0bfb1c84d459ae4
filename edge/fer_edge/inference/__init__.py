"""From a model file to class probabilities of a face."""
