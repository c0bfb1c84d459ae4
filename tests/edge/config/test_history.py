"""Where minutes are kept when only the days are set. Wrong settings are in test_recorder."""

from __future__ import annotations

from pathlib import Path

from fer_edge.config.history import HistoryOptions, find_history_file

DAYS = HistoryOptions(None, 30)


def test_the_file_is_in_the_state_directory_or_else_beside_the_outbox() -> None:
    outbox, systemd = Path("/x/outbox.sqlite"), {"STATE_DIRECTORY": "/var/lib/fer-edge"}
    assert find_history_file(DAYS, outbox, systemd) == HistoryOptions(Path("/var/lib/fer-edge/history.sqlite"), 30)
    assert find_history_file(DAYS, outbox, {}) == HistoryOptions(Path("/x/outbox.sqlite.history.sqlite"), 30)
    chosen = HistoryOptions(Path("/y/h.sqlite"), 30)
    assert find_history_file(chosen, outbox, systemd) is chosen
    assert find_history_file(None, outbox, systemd) is None
