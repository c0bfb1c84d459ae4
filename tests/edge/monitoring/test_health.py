"""The message `health`."""

from __future__ import annotations

from tests.support.clock import FakeClock

from fer_edge.errors import Problem
from fer_edge.monitoring.health import Health
from fer_edge.monitoring.timing import StageTimer


class Source:
    """A camera that has dropped three frames."""

    name, live, dropped = "fake", True, 3
    problem: Problem | None = None


def test_health_has_the_accelerator_the_counts_and_what_is_wrong() -> None:
    clock, source = FakeClock(), Source()
    counts = {"queue": 4, "lost": 1, "refused": 0}
    health = Health(source, StageTimer(clock), "cpu (x, 1 thread)", lambda: counts, clock)  # type: ignore[arg-type]
    clock.advance(90)
    message = health.message()
    assert (message["accelerator"], message["camera"], message["uptime_s"]) == ("cpu (x, 1 thread)", "ok", 90.0)
    assert (message["queue"], message["lost"], message["refused"], message["dropped"]) == (4, 1, 0, 3)
    assert 10 < message["rss_mb"] < 5000
    source.problem = Problem("unplugged")
    assert health.message()["camera"] == "unplugged"


def test_the_camera_of_a_paused_run_is_not_ok() -> None:
    clock, paused = FakeClock(), iter([True, False])
    health = Health(Source(), StageTimer(clock), "cpu", dict, clock, paused=lambda: next(paused))  # type: ignore[arg-type]
    assert [health.message()["camera"] for _ in range(2)] == ["paused", "ok"]


def test_health_has_the_reason_for_reduced_work() -> None:
    clock, causes = FakeClock(), iter([None, "hot"])
    degraded = lambda: next(causes)  # noqa: E731
    health = Health(Source(), StageTimer(clock), "cpu", dict, clock, degraded=degraded)  # type: ignore[arg-type]
    assert [health.message()["degraded"] for _ in range(2)] == [None, "hot"]
