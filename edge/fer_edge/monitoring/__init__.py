"""How a run fares: timing, temperature, memory, load, and what systemd is told of it."""
