"""Frame rate and stage times, as each reader gets them."""

from __future__ import annotations

from contextlib import suppress

from tests.support.clock import FakeClock

from fer_edge.monitoring.timing import MAX_SAMPLES, StageTimer, TimingReader, TimingReading


def test_a_reading_has_rate_and_percentiles_since_the_last_one() -> None:
    clock = FakeClock(100.0)
    timer = StageTimer(clock)
    reader = TimingReader(timer)
    for milliseconds in range(1, 101):
        with timer.stage("step"):
            clock.advance(milliseconds / 1000)
        timer.frames += 1
    clock.now = 110.0
    assert reader.read() == TimingReading(10.0, {"step": {"p50": 50.5, "p95": 95.05}}, 100)
    clock.now = 120.0
    assert reader.read() == TimingReading(0.0, {}, 100)


def test_readers_do_not_affect_each_other() -> None:
    clock = FakeClock()
    timer = StageTimer(clock)
    often, seldom = TimingReader(timer), TimingReader(timer)
    for number in range(60):
        with timer.stage("step"):
            clock.advance(0.004)
        clock.advance(0.996)
        timer.frames += 1
        assert often.read() == TimingReading(1.0, {"step": {"p50": 4.0, "p95": 4.0}}, number + 1)
    assert seldom.read() == TimingReading(1.0, {"step": {"p50": 4.0, "p95": 4.0}}, 60)


def test_a_stage_that_raises_is_timed_and_the_number_of_samples_is_bounded() -> None:
    clock = FakeClock()
    timer = StageTimer(clock)
    reader = TimingReader(timer)
    start = clock.now
    for _ in range(MAX_SAMPLES + 100):
        with suppress(KeyError), timer.stage("step"):
            clock.advance(0.002)
            raise KeyError
    assert len(timer.durations(start)["step"]) == MAX_SAMPLES
    assert reader.read().stages_ms == {"step": {"p50": 2.0, "p95": 2.0}}


def test_a_reading_that_follows_too_soon_repeats_the_last_one() -> None:
    clock = FakeClock()
    timer = StageTimer(clock)
    reader = TimingReader(timer)
    timer.frames = 200
    clock.advance(20)
    assert reader.read() == TimingReading(10.0, {}, 200)
    clock.advance(0.1)
    timer.frames += 1
    assert reader.read() == TimingReading(10.0, {}, 201)
    clock.advance(0.9)
    assert reader.read() == TimingReading(1.0, {}, 201)
