"""Tools for a data set before training: find defects and copies, remove them, crop faces from photographs."""
