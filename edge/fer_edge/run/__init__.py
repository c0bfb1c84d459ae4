"""The parts of a run: what processes frames, what describes and controls it, and what observes it."""
