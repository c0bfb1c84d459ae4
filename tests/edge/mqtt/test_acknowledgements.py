"""The queue of acknowledgements."""

from __future__ import annotations

from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.reasoncodes import ReasonCode

from fer_edge.mqtt.acknowledgements import Acknowledgement, AcknowledgementQueue


def code(name: str) -> ReasonCode:
    return ReasonCode(PacketTypes.PUBACK, name)


def test_answers_are_taken_once_and_name_their_requests() -> None:
    queue = AcknowledgementQueue()
    for mid in (1, 2, 3):
        queue.expect(mid, f"request {mid}")
    queue.put(2, code("Success"))
    queue.put(1, code("Not authorized"))
    queue.put(3, code("Quota exceeded"))
    assert list(queue.take()) == [
        Acknowledgement(2, "request 2", ""),
        Acknowledgement(1, "request 1", "Not authorized"),
        Acknowledgement(3, "request 3", "Quota exceeded", retryable=True),
    ]
    assert list(queue.take()) == []


def test_an_answer_to_an_unknown_request_is_passed_on() -> None:
    queue = AcknowledgementQueue()
    queue.put(9, code("Success"))
    assert list(queue.take()) == [Acknowledgement(9, "a message", "")]
