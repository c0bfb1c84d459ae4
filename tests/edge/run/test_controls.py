"""Stop and restart, in either order. Pause is tested with the whole daemon, in test_daemon."""

from __future__ import annotations

from fer_edge.run.controls import RunControls


def controls() -> RunControls:
    return RunControls(None)  # type: ignore[arg-type]  # a stop does not touch the pipeline


def test_a_restart_stops_the_run() -> None:
    run = controls()
    run.restart()
    assert (run.stopping, run.restarting) == (True, True)


def test_a_stop_overrides_a_restart_whichever_comes_first() -> None:
    run = controls()
    run.restart()
    run.stop()
    assert (run.stopping, run.restarting) == (True, False)
    run.restart()
    assert (run.stopping, run.restarting) == (True, False)
