"""What lasts longer than a frame: minutes."""
