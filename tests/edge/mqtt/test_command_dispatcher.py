"""The command dispatcher: parsing, replies, and whatever a stranger may send."""

from __future__ import annotations

import json
import logging
import os
import tracemalloc
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from tests.support.commands import CommandBench

from fer_edge.config.model import PipelineOptions
from fer_edge.mqtt.command_dispatcher import MAX_REQUEST_BYTES, MAX_WAITING_REQUESTS, REQUESTS_PER_FRAME
from fer_edge.mqtt.commands import COMMANDS

EXAMPLES = 10_000 if os.environ.get("FER_EDGE_SOAK") else 400


def test_a_reply_goes_to_the_topic_of_its_command_and_repeats_the_transaction() -> None:
    bench = CommandBench()
    bench.publisher.receive("pause", b'{"transaction": "a-1"}')
    bench.dispatcher.run()
    assert bench.publisher.sent == [("reply/pause", {"transaction": "a-1", "ok": True, "paused": True})]


@pytest.mark.parametrize(
    ("name", "payload", "error"),
    [
        ("dance", b"", f"unknown command; known are {', '.join(sorted(COMMANDS))}"),
        ("ping", b"{", "a request must be a JSON object, or empty"),
        ("ping", b"[1]", "a request must be a JSON object, or empty"),
        ("ping", b"\xff\xfe", "a request must be a JSON object, or empty"),
        ("ping", b'{"transaction": NaN}', "a request must be a JSON object, or empty"),
        ("ping", b"[" * 1000, "a request must be a JSON object, or empty"),
        ("ping", b'{"transaction": 1e999}', "transaction must be a number, or a text of up to 64 characters"),
        ("ping", b'{"transaction": "\\ud800"}', "transaction must be a number, or a text of up to 64 characters"),
        (
            "ping",
            b'{"transaction": 1' + b"0" * 400 + b"}",
            "transaction must be a number, or a text of up to 64 characters",
        ),
        ("ping", b'{"transaction": [1]}', "transaction must be a number, or a text of up to 64 characters"),
        ("ping", b'{"transaction": true}', "transaction must be a number, or a text of up to 64 characters"),
        ("ping", b" " * (MAX_REQUEST_BYTES + 1), f"a request may have at most {MAX_REQUEST_BYTES} bytes"),
        ("ping", b'{"louder": 1}', "unknown key 'louder'; known are none"),
        ("pause", b'{"paused": "yes"}', "paused must be true or false"),
        ("pause", b'{"pause": true}', "unknown key 'pause'; known are paused"),
        ("set", b'{"size": 1}', f"unknown key 'size'; known are {', '.join(COMMANDS['set'].keys)}"),
    ],
)
def test_a_wrong_request_changes_nothing_and_the_reply_says_why(name: str, payload: bytes, error: str) -> None:
    bench = CommandBench()
    assert bench.request(name, payload) == {"ok": False, "error": error}
    assert not bench.controls.paused
    assert bench.pipeline.options == PipelineOptions()


@pytest.mark.parametrize("digits", [310, 1000])
@pytest.mark.parametrize(
    ("name", "key"), [("ping", "transaction"), ("set", "rate"), ("set", "state_every"), ("pause", "paused")]
)
def test_a_number_of_any_length_is_refused(name: str, key: str, digits: int) -> None:
    bench = CommandBench()
    reply = bench.request(name, f'{{"{key}": {"9" * digits}}}'.encode())
    assert reply["ok"] is False
    assert bench.pipeline.options == PipelineOptions()


def test_an_unexpected_error_costs_one_reply_and_one_line(caplog: pytest.LogCaptureFixture) -> None:
    def fail(context: object) -> dict[str, object]:
        raise OverflowError("int too large to convert to float")

    bench = CommandBench(commands={**COMMANDS, "ping": replace(COMMANDS["ping"], handler=fail)})
    assert bench.request("ping") == {"ok": False, "error": "unexpected error; the log has the reason"}
    lines = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert [line.getMessage() for line in lines] == [
        "command 'ping': unexpected error: OverflowError('int too large to convert to float')"
    ]
    assert not lines[0].exc_info
    assert bench.request("health")["ok"] is True


def test_a_sender_cannot_choose_an_arbitrary_reply_topic() -> None:
    bench = CommandBench()
    bench.publisher.receive("x" * 60_000)
    bench.publisher.receive("Ärger\n")
    bench.dispatcher.run()
    assert [name for name, _ in bench.publisher.sent] == ["reply/error", "reply/error"]


def test_a_retained_request_is_ignored() -> None:
    bench = CommandBench()
    bench.publisher.receive("restart", retained=True)
    bench.dispatcher.run()
    assert not bench.controls.stopping
    assert not bench.publisher.sent


def test_a_flood_of_requests_is_dropped_and_leaves_time_for_frames() -> None:
    bench = CommandBench()
    for _ in range(MAX_WAITING_REQUESTS + 5):
        bench.publisher.receive("ping")
    assert bench.dispatcher.dropped == 5
    bench.dispatcher.run()
    assert len(bench.publisher.sent) == REQUESTS_PER_FRAME


HUGE_INTEGERS = some.builds(
    lambda digits, sign: sign * (10**digits - 1), some.integers(1, 1000), some.sampled_from((1, -1))
)
SCALARS = some.none() | some.booleans() | some.integers() | HUGE_INTEGERS | some.floats() | some.text()
KEYS = ("paused", "transaction", "rate", "min_face", "min_score", "state_every", "x", "\ud800")
SURROGATES = some.text(some.characters(categories=["Cs", "Cc", "L"]))
REQUESTS = some.one_of(
    some.binary(max_size=2048),
    some.recursive(
        SCALARS,
        lambda values: some.lists(values) | some.dictionaries(some.text(), values),
    ).map(lambda value: json.dumps(value).encode()),
    some.fixed_dictionaries(
        {},
        optional=dict.fromkeys(KEYS, SCALARS | SURROGATES),
    ).map(lambda value: json.dumps(value).encode()),
    some.builds(
        lambda depth, inner: b"[" * depth + inner + b"]" * depth, some.integers(1, 600), some.binary(max_size=8)
    ),
)
NAMES = some.sampled_from(sorted(COMMANDS)) | some.text(max_size=40)


def test_every_request_is_answered_and_none_is_kept_in_memory() -> None:
    bench = CommandBench(allow_snapshots=True)
    traced: list[int] = []

    @settings(max_examples=EXAMPLES, deadline=None, database=None)
    @given(NAMES, REQUESTS)
    def request(name: str, payload: bytes) -> None:
        reply = bench.request(name, payload)
        assert reply["ok"] is True or (reply["error"] and "unexpected" not in reply["error"])
        bench.controls.paused = False

    request()
    tracemalloc.start()
    for size in range(200):
        bench.request("ping", b"x" * 100 * size)
        if size in (20, 199):
            traced.append(tracemalloc.get_traced_memory()[0])
    tracemalloc.stop()
    assert traced[1] - traced[0] < 20_000
