"""A training run: its data, targets and weights, its folder, and fit() itself."""
