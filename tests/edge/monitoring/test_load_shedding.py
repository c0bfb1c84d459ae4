"""What is asked of a machine that is hot or slow, with sensors and a clock that are moved by hand."""

from __future__ import annotations

import logging
from dataclasses import replace

import pytest

from fer_edge.config.model import PipelineOptions
from fer_edge.monitoring.load_shedding import CALM, COOL, LASTING, LOOK, HeatSensors, LoadShedder
from fer_edge.monitoring.system import CAPPED, SINCE_BOOT, THROTTLED, VOLTAGE, WARM

PER_LOOK = 100  # frames


class Machine:
    """Source, pipeline, clock and sensors in one."""

    name, problem = "fake", None

    def __init__(self, *, live: bool = True) -> None:
        self.live = live
        self.now, self.dropped = 1000.0, 0
        self.degrees: float | None = 50.0
        self.bits: int | None = 0
        self.options = PipelineOptions(rate=5.0)
        sensors = HeatSensors(lambda: self.degrees, lambda: self.bits)
        self.strain = LoadShedder(self, self, lambda: self.now, sensors)  # type: ignore[arg-type]

    def adjust(self, options: PipelineOptions) -> None:
        self.options = options

    def pass_looks(self, looks: int, share: float = 0.0) -> int:
        """Let time pass in which this share of the frames is dropped; returns the ease at its end."""
        for _ in range(looks):
            self.dropped += round(share * PER_LOOK)
            for _ in range(round((1 - share) * PER_LOOK) - 1):
                self.strain.turn(frame=True)
            self.now += LOOK
            self.strain.turn(frame=True)
        return self.options.slowdown


def said(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.message for record in caplog.records]


@pytest.fixture(autouse=True)
def _log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)


def test_a_machine_that_is_well_is_left_alone(caplog: pytest.LogCaptureFixture) -> None:
    machine = Machine()
    assert machine.pass_looks(100, share=0.2) == 1
    assert machine.strain.degraded is None
    assert said(caplog) == []


def test_a_hot_machine_is_asked_for_less_in_two_steps_and_for_all_again_when_it_is_cool(
    caplog: pytest.LogCaptureFixture,
) -> None:
    machine = Machine()
    machine.degrees = 82.0
    assert machine.pass_looks(LASTING + 1) == 2
    assert machine.strain.degraded == "hot"
    assert machine.pass_looks(100) == 4
    machine.degrees = COOL + 1
    assert machine.pass_looks(100) == 4
    machine.degrees = COOL - 1
    assert machine.pass_looks(CALM + 1) == 2
    assert machine.strain.degraded == "hot"
    assert machine.pass_looks(CALM) == 1
    assert machine.strain.degraded is None
    assert said(caplog) == [
        "the machine is hot, 82.0 °C; it searches and classifies less often until that is over",
        "the machine is no longer hot; it searches and classifies as often as before",
    ]


def test_a_moment_of_strain_changes_nothing() -> None:
    machine = Machine()
    for _ in range(10):
        machine.degrees = 90.0
        machine.pass_looks(LASTING - 1)
        machine.degrees = 50.0
        assert machine.pass_looks(1) == 1


@pytest.mark.parametrize(
    ("bits", "cause"),
    [
        (WARM, "hot"),
        (THROTTLED, "hot"),
        (CAPPED | WARM | VOLTAGE, "hot"),
        (THROTTLED | VOLTAGE, None),
        (THROTTLED << SINCE_BOOT, None),
        (None, None),
    ],
)
def test_what_the_firmware_tells_counts_as_heat_unless_it_is_for_want_of_voltage(
    bits: int | None, cause: str | None
) -> None:
    machine = Machine()
    machine.degrees, machine.bits = None, bits
    machine.pass_looks(LASTING + 1)
    assert machine.strain.degraded == cause


def test_a_machine_that_drops_many_frames_is_slow(caplog: pytest.LogCaptureFixture) -> None:
    machine = Machine()
    assert machine.pass_looks(LASTING + 1, share=0.4) == 2
    assert machine.strain.degraded == "slow"
    assert machine.pass_looks(100, share=0.2) == 2
    assert machine.pass_looks(CALM + 1) == 1
    assert "40% of the camera's frames are dropped" in said(caplog)[0]


def test_a_strain_that_comes_back_each_time_is_met_with_growing_patience(caplog: pytest.LogCaptureFixture) -> None:
    """Fast enough only while less is asked: in a day it is tried less than once an hour."""
    machine = Machine()
    for _ in range(24 * 360):
        machine.pass_looks(1, share=0.5 if machine.options.slowdown == 1 else 0.0)
    begun = [line for line in said(caplog) if "less often" in line]
    assert 5 < len(begun) < 32
    machine.pass_looks(1000)
    assert machine.options.slowdown == 1


def test_what_the_owner_sets_meanwhile_holds() -> None:
    machine = Machine()
    machine.degrees = 90.0
    machine.pass_looks(LASTING + 1)
    machine.adjust(replace(machine.options, rate=3.0, min_score=0.5))
    machine.pass_looks(LASTING)
    assert machine.options == PipelineOptions(rate=3.0, min_score=0.5, slowdown=4)
    machine.degrees = 40.0
    machine.pass_looks(10 * CALM)
    assert machine.options == PipelineOptions(rate=3.0, min_score=0.5)


def test_a_file_is_never_worked_on_less() -> None:
    machine = Machine(live=False)
    machine.degrees, machine.bits = 100.0, THROTTLED
    assert machine.pass_looks(100) == 1
    assert machine.strain.degraded is None
