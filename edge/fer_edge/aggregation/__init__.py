"""What lasts longer than a frame: minutes and sustained moods."""
