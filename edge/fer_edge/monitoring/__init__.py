"""Monitoring of a run: timing, temperature, memory, load, and what systemd is notified of."""
