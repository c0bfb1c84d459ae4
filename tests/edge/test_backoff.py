from __future__ import annotations

from itertools import islice

from fer_edge.backoff import Backoff


def test_the_delays_double_up_to_the_longest() -> None:
    assert list(islice(Backoff(1.0, 10.0).delays(), 6)) == [1, 2, 4, 8, 10, 10]


def test_each_run_of_delays_starts_from_the_first() -> None:
    backoff = Backoff(0.5, 2.0)
    assert [next(backoff.delays()), next(backoff.delays())] == [0.5, 0.5]


def test_by_default_the_delays_go_from_a_second_to_a_minute() -> None:
    assert list(islice(Backoff().delays(), 8)) == [1, 2, 4, 8, 16, 32, 60, 60]
