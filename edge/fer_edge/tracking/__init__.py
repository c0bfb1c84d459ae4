"""Which face is which from frame to frame, and how its emotion develops."""
