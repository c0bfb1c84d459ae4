"""The queue of acknowledgements, and the messages that have none yet."""

from __future__ import annotations

import paho.mqtt.client as paho
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.reasoncodes import ReasonCode
from tests.support.clock import FakeClock

from fer_edge.mqtt.acknowledgements import Acknowledgement, AcknowledgementQueue, UnacknowledgedMessages


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


def test_only_a_broker_without_any_progress_counts_as_stalled() -> None:
    clock = FakeClock()
    unacknowledged = UnacknowledgedMessages(clock.monotonic)
    messages = [paho.MQTTMessageInfo(mid) for mid in range(4)]
    assert unacknowledged.stalled_for() == 0
    for message in messages:
        unacknowledged.add(message)
    clock.advance(20)
    assert (len(unacknowledged), unacknowledged.stalled_for()) == (4, 20)
    messages[0]._set_as_published()
    assert unacknowledged.stalled_for() == 0
    clock.advance(20)
    messages[2]._set_as_published()  # the oldest one still waits
    assert (len(unacknowledged), unacknowledged.stalled_for()) == (2, 20)
    for message in messages:
        message._set_as_published()
    assert (len(unacknowledged), unacknowledged.stalled_for()) == (0, 0)
    clock.advance(100)
    unacknowledged.add(paho.MQTTMessageInfo(9))
    assert unacknowledged.stalled_for() == 0


def test_a_message_that_could_not_be_sent_is_not_waited_for() -> None:
    unacknowledged, message = UnacknowledgedMessages(), paho.MQTTMessageInfo(1)
    message.rc = paho.MQTT_ERR_NO_CONN
    unacknowledged.add(message)
    assert len(unacknowledged) == 0
