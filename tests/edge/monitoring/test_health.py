"""What the device tells of itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fer_edge.cameras.base import Problem
from fer_edge.monitoring.health import Health
from fer_edge.monitoring.system import resident_memory, temperature
from fer_edge.monitoring.timing import MOST, StageTimer, TimingReader
from fer_edge.mqtt.reports import FIRST_HEALTH, HEALTH_EVERY, SCORE_EVERY, Reports


class Hand:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Source:
    name, live, dropped, problem = "fake", True, 3, None


class Line:
    """Stands for the publisher: what is retained, and what is sent."""

    def __init__(self) -> None:
        self.retained: list[tuple[str, dict[str, Any]]] = []
        self.sent: list[tuple[str, dict[str, Any]]] = []

    def retain(self, name: str, payload: dict[str, Any], expiry: int | None = None) -> None:
        if not self.retained or self.retained[-1] != (name, payload):
            self.retained.append((name, payload))

    def send(self, name: str, payload: dict[str, Any]) -> bool:
        self.sent.append((name, payload))
        return True


def test_a_meter_tells_rate_and_percentiles_since_it_was_last_read() -> None:
    clock = Hand()
    meter = StageTimer(clock)
    reader = TimingReader(meter)
    for milliseconds in range(1, 101):
        with meter.stage("step"):
            clock.now += milliseconds / 1000
        meter.frames += 1
    clock.now = 110.0
    assert reader.take() == (10.0, {"step": {"p50": 50.5, "p95": 95.05}})
    clock.now = 120.0
    assert reader.take() == (0.0, {})


def test_two_who_read_a_meter_take_nothing_from_each_other() -> None:
    clock = Hand()
    meter = StageTimer(clock)
    often, seldom = TimingReader(meter), TimingReader(meter)
    for _ in range(60):
        with meter.stage("step"):
            clock.now += 0.004
        clock.now += 0.996
        meter.frames += 1
        assert often.take() == (1.0, {"step": {"p50": 4.0, "p95": 4.0}})
    assert seldom.take() == (1.0, {"step": {"p50": 4.0, "p95": 4.0}})


def test_a_stage_that_fails_is_timed_too_and_memory_is_bounded() -> None:
    clock = Hand()
    meter = StageTimer(clock)
    reader = TimingReader(meter)
    for _ in range(MOST + 100):
        try:
            with meter.stage("step"):
                clock.now += 0.002
                raise KeyError
        except KeyError:
            pass
    assert len(meter._times["step"]) == MOST
    assert reader.take()[1] == {"step": {"p50": 2.0, "p95": 2.0}}


def test_health_says_what_really_runs_and_what_is_wrong(tmp_path: Path) -> None:
    clock, source = Hand(), Source()
    health = Health(
        source, StageTimer(clock), "cpu (x, 1 thread)", lambda: {"queue": 4, "lost": 1, "refused": 0}, clock
    )  # type: ignore[arg-type]
    clock.now += 90
    message = health.message()
    assert (message["accelerator"], message["camera"], message["uptime_s"]) == ("cpu (x, 1 thread)", "ok", 90.0)
    assert (message["queue"], message["lost"], message["refused"], message["dropped"]) == (4, 1, 0, 3)
    assert 10 < message["rss_mb"] < 5000
    source.problem = Problem("unplugged")  # type: ignore[assignment]
    assert health.message()["camera"] == "unplugged"


def test_a_machine_without_sensors_tells_nothing_of_them(tmp_path: Path) -> None:
    assert temperature(tmp_path) is None
    assert resident_memory(tmp_path) is None
    sensor = tmp_path / "sys/class/thermal/thermal_zone0/temp"
    sensor.parent.mkdir(parents=True)
    sensor.write_text("48312\n")
    assert temperature(tmp_path) == 48.3
    sensor.write_text("hot\n")
    assert temperature(tmp_path) is None


def state(score: float | None, faces: int = 1) -> dict[str, Any]:
    return {"faces": faces, "emotion": "happy", "score": score, "paused": False}


def test_a_score_alone_is_told_once_a_second_and_all_else_at_once() -> None:
    clock, line = Hand(), Line()
    reports = Reports(line, {"version": "1"}, dict, clock)  # type: ignore[arg-type]
    reports.tell(state(0.5))
    reports.tell(state(0.6))
    clock.now += SCORE_EVERY / 2
    reports.tell(state(0.7))
    assert [payload for _, payload in line.retained] == [{"version": "1"}, state(0.5)]
    reports.tell(state(0.7, faces=2))
    clock.now += SCORE_EVERY
    reports.tell(state(0.8, faces=2), score_every=60)
    reports.tell(state(0.8, faces=2))
    assert [payload for _, payload in line.retained][2:] == [state(0.7, faces=2), state(0.8, faces=2)]
    clock.now += SCORE_EVERY
    reports.tell(state(0.9, faces=2), score_every=60)
    assert line.retained[-1][1] == state(0.8, faces=2)


def test_health_is_told_soon_after_the_start_and_then_once_a_minute() -> None:
    clock, line = Hand(), Line()
    reports = Reports(line, {}, lambda: {"at": clock.now}, clock)  # type: ignore[arg-type]
    for _ in range(200):
        clock.now += 1
        reports.tell(state(None))
    told = [payload["at"] for _, payload in line.sent]
    assert told == [100 + FIRST_HEALTH + n * HEALTH_EVERY for n in range(4)]


def test_what_is_read_again_at_once_is_still_told_over_a_span_that_says_something() -> None:
    clock = Hand()
    meter = StageTimer(clock)
    reader = TimingReader(meter)
    meter.frames = 200
    clock.now += 20
    first = reader.take()
    clock.now += 0.1
    meter.frames += 1
    assert reader.take() == first == (10.0, {})
    clock.now += 0.9
    assert reader.take() == (1.0, {})


def test_health_says_that_less_is_done(tmp_path: Path) -> None:
    clock, causes = Hand(), iter([None, "hot"])
    health = Health(Source(), StageTimer(clock), "cpu", dict, clock, degraded=lambda: next(causes))  # type: ignore[arg-type]
    assert [health.message()["degraded"] for _ in range(2)] == [None, "hot"]
