"""When `state` and `health` are published."""

from __future__ import annotations

from typing import Any

from tests.support.clock import FakeClock

from fer_edge.mqtt.reports import FIRST_HEALTH, HEALTH_EVERY, SCORE_EVERY, Reports


class Publisher:
    """Records what is retained and what is sent."""

    def __init__(self) -> None:
        self.retained: list[tuple[str, dict[str, Any]]] = []
        self.sent: list[tuple[str, dict[str, Any]]] = []

    def retain(self, name: str, payload: dict[str, Any], expiry: int | None = None) -> None:
        if not self.retained or self.retained[-1] != (name, payload):
            self.retained.append((name, payload))

    def send(self, name: str, payload: dict[str, Any]) -> bool:
        self.sent.append((name, payload))
        return True


def state(score: float | None, faces: int = 1) -> dict[str, Any]:
    return {"faces": faces, "emotion": "happy", "score": score, "paused": False}


def test_a_score_alone_is_published_once_a_second_and_anything_else_at_once() -> None:
    clock, publisher = FakeClock(), Publisher()
    reports = Reports(publisher, {"version": "1"}, dict, clock.monotonic)  # type: ignore[arg-type]
    reports.tell(state(0.5))
    reports.tell(state(0.6))
    clock.advance(SCORE_EVERY / 2)
    reports.tell(state(0.7))
    assert [payload for _, payload in publisher.retained] == [{"version": "1"}, state(0.5)]
    reports.tell(state(0.7, faces=2))
    clock.advance(SCORE_EVERY)
    reports.tell(state(0.8, faces=2), score_every=60)
    reports.tell(state(0.8, faces=2))
    assert [payload for _, payload in publisher.retained][2:] == [state(0.7, faces=2), state(0.8, faces=2)]
    clock.advance(SCORE_EVERY)
    reports.tell(state(0.9, faces=2), score_every=60)
    assert publisher.retained[-1][1] == state(0.8, faces=2)


def test_health_is_published_soon_after_the_start_and_then_once_a_minute() -> None:
    clock, publisher = FakeClock(100.0), Publisher()
    reports = Reports(publisher, {}, lambda: {"at": clock.now}, clock.monotonic)  # type: ignore[arg-type]
    for _ in range(200):
        clock.advance(1)
        reports.tell(state(None))
    times = [payload["at"] for _, payload in publisher.sent]
    assert times == [100 + FIRST_HEALTH + n * HEALTH_EVERY for n in range(4)]
