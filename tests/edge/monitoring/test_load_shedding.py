"""How the work of a machine that is hot or slow is reduced, with sensors and a clock set by hand."""

from __future__ import annotations

import logging

import pytest
from tests.support.clock import FakeClock

from fer_edge.monitoring.load_shedding import (
    CHECK_INTERVAL,
    CHECKS_TO_RECOVER,
    CHECKS_TO_REDUCE,
    COOL,
    HeatSensors,
    LoadShedder,
)
from fer_edge.monitoring.system import (
    FREQUENCY_CAPPED,
    SINCE_BOOT,
    SOFT_TEMPERATURE_LIMIT,
    THROTTLED,
    UNDER_VOLTAGE,
)

FRAMES_PER_CHECK = 100


class Machine:
    """A camera, a clock, heat sensors and a pipeline with a slowdown.

    Attributes:
        degrees, bits: What the sensors report.
        slowdown: What the load shedder has set.
    """

    name, problem = "fake", None

    def __init__(self, *, live: bool = True) -> None:
        self.live, self.dropped = live, 0
        self.degrees: float | None = 50.0
        self.bits: int | None = 0
        self.slowdown = 1
        self._clock = FakeClock()
        sensors = HeatSensors(lambda: self.degrees, lambda: self.bits)
        self.load_shedder = LoadShedder(self, self._slow_down, self._clock, sensors)  # type: ignore[arg-type]

    def _slow_down(self, factor: int) -> None:
        self.slowdown = factor

    def run(self, checks: int, dropped: float = 0.0) -> int:
        """Let so many checks pass while this share of the frames is dropped. Returns the slowdown at the end."""
        for _ in range(checks):
            self.dropped += round(dropped * FRAMES_PER_CHECK)
            for _ in range(round((1 - dropped) * FRAMES_PER_CHECK) - 1):
                self.load_shedder.update(frame=True)
            self._clock.advance(CHECK_INTERVAL)
            self.load_shedder.update(frame=True)
        return self.slowdown


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.INFO)
    return caplog


def test_a_machine_in_good_condition_does_all_the_work(log: pytest.LogCaptureFixture) -> None:
    machine = Machine()
    assert machine.run(100, dropped=0.2) == 1
    assert machine.load_shedder.degraded is None
    assert log.messages == []


def test_a_hot_machine_does_less_in_two_steps_and_everything_again_once_it_is_cool(
    log: pytest.LogCaptureFixture,
) -> None:
    machine = Machine()
    machine.degrees = 82.0
    assert machine.run(CHECKS_TO_REDUCE + 1) == 2
    assert machine.load_shedder.degraded == "hot"
    assert machine.run(100) == 4
    machine.degrees = COOL + 1
    assert machine.run(100) == 4
    machine.degrees = COOL - 1
    assert machine.run(CHECKS_TO_RECOVER + 1) == 2
    assert machine.load_shedder.degraded == "hot"
    assert machine.run(CHECKS_TO_RECOVER) == 1
    assert machine.load_shedder.degraded is None
    assert log.messages == [
        "the machine is hot, 82.0 °C; searching and classifying less often until this is over",
        "the machine is no longer hot; searching and classifying as often as before",
    ]


def test_a_short_overload_changes_nothing() -> None:
    machine = Machine()
    for _ in range(10):
        machine.degrees = 90.0
        machine.run(CHECKS_TO_REDUCE - 1)
        machine.degrees = 50.0
        assert machine.run(1) == 1


@pytest.mark.parametrize(
    ("bits", "cause"),
    [
        (SOFT_TEMPERATURE_LIMIT, "hot"),
        (THROTTLED, "hot"),
        (FREQUENCY_CAPPED | SOFT_TEMPERATURE_LIMIT | UNDER_VOLTAGE, "hot"),
        (THROTTLED | UNDER_VOLTAGE, None),
        (THROTTLED << SINCE_BOOT, None),
        (None, None),
    ],
)
def test_throttling_by_the_firmware_counts_as_heat_unless_the_voltage_is_low(
    bits: int | None, cause: str | None
) -> None:
    machine = Machine()
    machine.degrees, machine.bits = None, bits
    machine.run(CHECKS_TO_REDUCE + 1)
    assert machine.load_shedder.degraded == cause


def test_a_machine_that_drops_many_frames_is_slow(log: pytest.LogCaptureFixture) -> None:
    machine = Machine()
    assert machine.run(CHECKS_TO_REDUCE + 1, dropped=0.4) == 2
    assert machine.load_shedder.degraded == "slow"
    assert machine.run(100, dropped=0.2) == 2
    assert machine.run(CHECKS_TO_RECOVER + 1) == 1
    assert "40% of the camera's frames are dropped" in log.messages[0]


def test_an_overload_that_returns_each_time_is_retried_less_and_less_often(log: pytest.LogCaptureFixture) -> None:
    """A machine that is fast enough only with less work: in a day it is given more less than once an hour."""
    machine = Machine()
    for _ in range(24 * 360):
        machine.run(1, dropped=0.5 if machine.slowdown == 1 else 0.0)
    reductions = [line for line in log.messages if "less often" in line]
    assert 5 < len(reductions) < 32
    machine.run(1000)
    assert machine.slowdown == 1


def test_a_file_is_always_processed_in_full() -> None:
    machine = Machine(live=False)
    machine.degrees, machine.bits = 100.0, THROTTLED
    assert machine.run(100) == 1
    assert machine.load_shedder.degraded is None
