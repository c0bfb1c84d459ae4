from __future__ import annotations

import pytest
from tests.support.clock import FakeClock

from fer_edge.backoff import Backoff
from fer_edge.cameras.retry import RetrySchedule


def pause(retry: RetrySchedule, clock: FakeClock) -> float:
    """Wait for the next attempt; return how long it took."""
    began = clock.now
    while not retry.wait(0.5):
        pass
    return clock.now - began


def delays_after_failures(retry: RetrySchedule, clock: FakeClock, count: int) -> list[float]:
    """How long the schedule waits after each of `count` failures."""
    delays = []
    for _ in range(count):
        retry.record_failure()
        delays.append(pause(retry, clock))
    return delays


def test_the_first_attempt_is_made_at_once_and_the_delays_double_up_to_a_minute() -> None:
    clock = FakeClock()
    retry = RetrySchedule(clock, jitter=lambda: 0.0)
    assert pause(retry, clock) == 0
    assert delays_after_failures(retry, clock, 8) == [1, 2, 4, 8, 16, 32, 60, 60]


def test_a_wait_is_no_longer_than_its_limit_and_ends_on_time() -> None:
    clock = FakeClock(now=0.0)
    retry = RetrySchedule(clock, jitter=lambda: 0.0)
    retry.record_failure()
    assert [retry.wait(0.7), clock.now] == [False, 0.7]
    assert [retry.wait(0.7), clock.now] == [False, 1.0]
    assert [retry.wait(0.7), clock.now] == [True, 1.0]


def test_jitter_adds_up_to_a_quarter_of_the_delay() -> None:
    clock = FakeClock()
    jitters = iter([0.0, 1.0, 0.5])
    retry = RetrySchedule(clock, jitter=lambda: next(jitters))
    assert delays_after_failures(retry, clock, 3) == pytest.approx([1, 2 * 1.25, 4 * 1.125])


def test_by_default_the_jitter_is_random() -> None:
    clocks = [FakeClock() for _ in range(20)]
    delays = {delays_after_failures(RetrySchedule(clock), clock, 1)[0] for clock in clocks}
    assert len(delays) > 10
    assert all(1 <= delay <= 1.25 for delay in delays)


@pytest.mark.parametrize(("seconds", "next_delay"), [(9.0, 4), (10.0, 1)])
def test_only_frames_for_ten_seconds_make_the_delays_start_again(seconds: float, next_delay: float) -> None:
    clock = FakeClock()
    retry = RetrySchedule(clock, jitter=lambda: 0.0)
    retry.record_failure()
    retry.record_failure()
    clock.advance(2)
    retry.record_frame()
    clock.advance(seconds)
    retry.record_frame()
    retry.record_failure()
    assert pause(retry, clock) == next_delay


def test_an_interruption_begins_the_ten_seconds_anew() -> None:
    clock = FakeClock()
    retry = RetrySchedule(clock, jitter=lambda: 0.0)
    retry.record_failure()
    retry.record_frame()
    clock.advance(6)
    retry.record_interruption()
    retry.record_frame()
    clock.advance(6)
    retry.record_frame()
    retry.record_failure()
    assert pause(retry, clock) == 2


def test_the_delays_are_those_of_the_backoff_that_is_handed_in() -> None:
    clock = FakeClock()
    retry = RetrySchedule(clock, Backoff(0.25, 0.5), jitter=lambda: 0.0)
    assert delays_after_failures(retry, clock, 3) == [0.25, 0.5, 0.5]
