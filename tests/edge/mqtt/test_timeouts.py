"""The jitter of back-off delays. The timeouts themselves are exercised in test_client."""

from __future__ import annotations

from fer_edge.mqtt.timeouts import jitter


def test_jitter_spreads_a_delay_over_its_second_half() -> None:
    delays = [jitter(8.0) for _ in range(1000)]
    assert 4.0 <= min(delays) < 4.5
    assert 7.5 < max(delays) <= 8.0
